#include "server/events/store_time.h"

#include <memory>
#include <string>
#include <utility>

#include "cairn/internal/storage.pb.h"
#include "fmt/format.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "server/events/answer_trimmer.h"
#include "server/events/event_trimmer.h"
#include "server/storage/keyspace.h"
#include "server/storage/memory_store.h"
#include "server/storage/mutation.h"
#include "server/storage/typed_record.h"
#include "tests/testing/status_matchers.h"

namespace cairn::events {
namespace {

using testing::IsOk;

using Answer = cairn::internal::UploadRecord;  // any message with a number
using google::protobuf::Message;
using storage::Snapshot;
using storage::WriteSet;

constexpr int64_t kHour = int64_t{3600} * kNanosPerSecond;
constexpr int64_t kYear = 365 * 24 * kHour;

// A server's life: what it is made of again at each start, on one store.
class ClockJumpTest : public ::testing::TestWithParam<int64_t> {
 protected:
  ClockJumpTest() { Restart(); }

  void Restart() {
    const auto begin = ResumeStoreTime(*store_->GetSnapshot(), machine_.NowUnixNanos());
    ASSERT_THAT(begin, IsOk());
    mutator_.reset();
    clock_ = std::make_unique<RunningClock>(*begin, forward_);
    mutator_ = std::make_unique<storage::Mutator>(*store_, *clock_, pool_);
    Trim();
  }

  void Pass(int64_t nanos) {
    forward_.AdvanceNanos(nanos);
    machine_.AdvanceNanos(nanos);
  }

  // What the background does now and then.
  void Trim() {
    ASSERT_THAT(EventTrimmer(*store_, *clock_, {}).Run(), IsOk());
    ASSERT_THAT(AnswerTrimmer(*store_, *clock_).Step(), IsOk());
  }

  // Asks under request id number `i`; answers how often the work was done so far.
  int64_t Ask(int i) {
    const auto plan = [this](const Snapshot&) -> absl::StatusOr<storage::Plan> {
      Answer answer;
      answer.set_size_bytes(++done_);
      return storage::MakePlan(WriteSet().Emit("r", cairn::v1::Event::OPERATION_UPDATED),
                               std::move(answer));
    };
    Mutex mutex;
    CondVar arrived;
    int64_t answered = 0;
    mutator_->Run({"p", "S/M", fmt::format("7d444840-9dc0-41d1-b245-{:012d}", i)},
                  cairn::internal::EventRecord(), plan, nullptr,
                  [&](absl::StatusOr<std::unique_ptr<Message>> result) {
                    MutexLock lock(&mutex);
                    answered = result.ok() ? static_cast<Answer&>(**result).size_bytes() : -1;
                    arrived.Signal();
                  });
    MutexLock lock(&mutex);
    while (answered == 0) arrived.Wait(&mutex);
    return answered;
  }

  std::unique_ptr<storage::KvStore> store_ = storage::MakeMemoryStore();
  ManualClock machine_{50 * kYear};
  ManualClock forward_{1};
  std::unique_ptr<RunningClock> clock_;
  ThreadPool pool_{1, 10};
  std::unique_ptr<storage::Mutator> mutator_;
  int64_t done_ = 0;
};

INSTANTIATE_TEST_SUITE_P(Jumps, ClockJumpTest,
                         ::testing::Values(kHour, -kHour, 25 * kHour, -25 * kHour, 10 * kYear,
                                           -10 * kYear));

TEST_P(ClockJumpTest, WithinAProcessAnAnswerLivesForADay) {
  ASSERT_EQ(Ask(1), 1);
  Pass(23 * kHour);
  machine_.AdvanceNanos(GetParam());
  Trim();
  EXPECT_EQ(Ask(1), 1);
  Pass(kHour);
  Trim();
  EXPECT_EQ(Ask(1), 2);
}

TEST_P(ClockJumpTest, AcrossRestartsAnAnswerLivesForADayLessTheLongestStop) {
  ASSERT_EQ(Ask(1), 1);
  machine_.AdvanceNanos(GetParam());
  Restart();
  EXPECT_EQ(Ask(1), 1);
  Pass(24 * kHour - kLongestStopNanos - 1);
  Trim();
  EXPECT_EQ(Ask(1), 1);
  // Marks are at most an hour old, and so much more may it be kept.
  Pass(kLongestStopNanos + kHour + 1);
  Trim();
  EXPECT_EQ(Ask(1), 2);
}

TEST_P(ClockJumpTest, StoreTimeGoesOnHoweverOftenTheServerIsStarted) {
  const int64_t before = clock_->NowUnixNanos();
  machine_.AdvanceNanos(GetParam());
  for (int i = 0; i < 50; ++i) {
    ASSERT_NE(Ask(i), -1);
    Pass(kHour + 1);
    Trim();
    Restart();
  }
  EXPECT_GE(clock_->NowUnixNanos(), before + 50 * kHour);
  EXPECT_LE(clock_->NowUnixNanos(), before + 50 * (kHour + 1) + 51 * kLongestStopNanos);
}

}  // namespace
}  // namespace cairn::events

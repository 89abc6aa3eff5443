#include "server/events/answer_trimmer.h"

#include <memory>
#include <string>
#include <utility>

#include "cairn/internal/storage.pb.h"
#include "fmt/format.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "lib/base/errors.h"
#include "server/storage/keyspace.h"
#include "server/storage/memory_store.h"
#include "server/storage/mutation.h"
#include "server/storage/rocks_store.h"
#include "server/storage/typed_record.h"
#include "tests/testing/status_matchers.h"
#include "tests/unit/storage/scratch_directory.h"

namespace cairn::events {
namespace {

using testing::IsOk;

using Answer = cairn::internal::UploadRecord;  // any message with a number
using google::protobuf::Message;
using storage::Snapshot;
using storage::WriteSet;

constexpr int64_t kHour = int64_t{3600} * kNanosPerSecond;

std::string Id(int i) { return fmt::format("7d444840-9dc0-41d1-b245-{:012d}", i); }

enum class Kind { kMemory, kRocks };

class AnswerTrimmerTest : public ::testing::TestWithParam<Kind> {
 protected:
  AnswerTrimmerTest() {
    if (GetParam() == Kind::kMemory) {
      store_ = storage::MakeMemoryStore();
    } else {
      storage::RocksOptions options;
      options.directory = directory_.path();
      options.reserve_bytes = 0;
      store_ = storage::OpenRocksStore(std::move(options)).value();
    }
    mutator_ = std::make_unique<storage::Mutator>(*store_, clock_, pool_);
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
    mutator_->Run({"p", "S/M", Id(i)}, cairn::internal::EventRecord(), plan, nullptr,
                  [&](absl::StatusOr<std::unique_ptr<Message>> result) {
                    MutexLock lock(&mutex);
                    answered = result.ok() ? static_cast<Answer&>(**result).size_bytes() : -1;
                    arrived.Signal();
                  });
    MutexLock lock(&mutex);
    while (answered == 0) arrived.Wait(&mutex);
    return answered;
  }

  int Kept() {
    int kept = 0;
    EXPECT_THAT(store_->GetSnapshot()->Scan(storage::KeyRange::Prefix(storage::RequestPrefix()),
                                            storage::ScanOrder::kAscending,
                                            [&kept](std::string_view, const storage::Record&) {
                                              ++kept;
                                              return true;
                                            }),
                IsOk());
    return kept;
  }

  // Steps of a whole pass.
  static int Pass(AnswerTrimmer& trimmer) {
    int steps = 0;
    bool more = true;
    while (more) {
      const auto step = trimmer.Step();
      EXPECT_THAT(step, IsOk());
      more = step.ok() && *step;
      ++steps;
    }
    return steps;
  }

  storage::ScratchDirectory directory_;
  std::unique_ptr<storage::KvStore> store_;
  ManualClock clock_{1'000'000 * kHour};
  ThreadPool pool_{1, 10};
  std::unique_ptr<storage::Mutator> mutator_;
  int64_t done_ = 0;
};

INSTANTIATE_TEST_SUITE_P(Stores, AnswerTrimmerTest, ::testing::Values(Kind::kMemory, Kind::kRocks),
                         [](const auto& test) {
                           return test.param == Kind::kMemory ? "Memory" : "Rocks";
                         });

TEST_P(AnswerTrimmerTest, AnAnswerIsRepeatedForADayAndThenTheRequestRunsAgain) {
  AnswerTrimmer trimmer(*store_, clock_);
  EXPECT_EQ(Ask(1), 1);
  clock_.AdvanceNanos(24 * kHour - 1);
  Pass(trimmer);
  EXPECT_EQ(Ask(1), 1);
  clock_.AdvanceNanos(1);
  Pass(trimmer);
  EXPECT_EQ(Kept(), 0);
  EXPECT_EQ(Ask(1), 2);
  EXPECT_EQ(Ask(1), 2);
}

TEST_P(AnswerTrimmerTest, OnlyWhatIsOverGoesInStepsOfAFewAnswers) {
  AnswerTrimmer trimmer(*store_, clock_, 4);
  for (int i = 0; i < 21; i += 2) Ask(i);
  clock_.AdvanceNanos(12 * kHour);
  for (int i = 1; i < 21; i += 2) Ask(i);
  clock_.AdvanceNanos(12 * kHour);
  EXPECT_EQ(Pass(trimmer), 6);
  EXPECT_EQ(Kept(), 10);
  for (int i = 1; i < 21; i += 2) EXPECT_LE(Ask(i), 21) << i;
  EXPECT_EQ(done_, 21);
  EXPECT_EQ(Ask(0), 22);
}

TEST_P(AnswerTrimmerTest, NothingIsWrittenWhenNothingIsOver) {
  AnswerTrimmer trimmer(*store_, clock_);
  Ask(1);
  const storage::Revision before = store_->GetSnapshot()->revision();
  Pass(trimmer);
  EXPECT_EQ(store_->GetSnapshot()->revision(), before);
}

TEST_P(AnswerTrimmerTest, ARecordThatDoesNotParseStaysAndHoldsUpNoOther) {
  AnswerTrimmer trimmer(*store_, clock_);
  const storage::Key damaged = storage::RequestKey("a", "S/M", Id(0));
  ASSERT_THAT(store_->CommitAndWait(WriteSet().PutRecord(damaged, "\xFF")), IsOk());
  Ask(1);
  clock_.AdvanceNanos(24 * kHour);
  Pass(trimmer);
  EXPECT_EQ(Kept(), 1);
  EXPECT_TRUE(store_->GetSnapshot()->Get(damaged).value().has_value());
}

}  // namespace
}  // namespace cairn::events

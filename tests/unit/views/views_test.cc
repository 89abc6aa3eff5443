// Views as use cases over a store in memory.

#include "server/views/views.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "cairn/internal/records.pb.h"
#include "google/protobuf/empty.pb.h"
#include "lib/base/clock.h"
#include "lib/base/errors.h"
#include "server/storage/keyspace.h"
#include "server/storage/memory_store.h"
#include "server/tracking/experiments.h"
#include "server/tracking/merge_records.h"
#include "tests/testing/status_matchers.h"

namespace cairn::views {
namespace {

using absl::StatusCode;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using testing::IsOk;
using testing::StatusIs;

constexpr int64_t kStart = 1'700'000'000 * kNanosPerSecond;

class ViewsTest : public ::testing::Test {
 protected:
  ViewsTest() : store_(storage::MakeMemoryStore(tracking::MergeRecords)) {
    EXPECT_THAT(tracking::EnsureDefaultExperiment(*store_, kStart), IsOk());
    v1::CreateExperimentRequest request;
    request.mutable_experiment()->set_display_name("other");
    EXPECT_THAT(Apply<v1::Experiment>(tracking::PlanCreateExperiment(*Now(), request, kStart)),
                IsOk());
  }

  std::unique_ptr<storage::Snapshot> Now() { return store_->GetSnapshot(); }

  template <typename Response>
  absl::StatusOr<Response> Apply(absl::StatusOr<storage::Plan> plan) {
    if (!plan.ok()) return plan.status();
    wrote_ = !plan->nothing_to_write;
    if (wrote_) {
      const auto committed = store_->CommitAndWait(std::move(plan->write_set));
      if (!committed.ok()) return committed.status();
    }
    return static_cast<const Response&>(*plan->response);
  }

  static v1::CreateViewRequest Wanted(const std::string& address, const std::string& title,
                                      const std::string& parent = "experiments/0") {
    v1::CreateViewRequest request;
    request.set_parent(parent);
    request.mutable_view()->set_name("experiments/9/views/ignored");
    request.mutable_view()->set_address(address);
    request.mutable_view()->set_title(title);
    return request;
  }

  absl::StatusOr<v1::View> Create(const std::string& address, const std::string& title = "",
                                  const std::string& parent = "experiments/0") {
    return Apply<v1::View>(
        PlanCreateView(*Now(), Wanted(address, title, parent), {kStart + ++calls_, "ada"}));
  }

  absl::StatusOr<v1::View> Get(const std::string& name) {
    v1::GetViewRequest request;
    request.set_name(name);
    return GetView(*Now(), request);
  }

  absl::Status Delete(const std::string& name) {
    v1::DeleteViewRequest request;
    request.set_name(name);
    return Apply<google::protobuf::Empty>(PlanDeleteView(*Now(), request)).status();
  }

  // The titles of all pages.
  std::vector<std::string> Titles(int page_size = 0, const std::string& parent = "experiments/0") {
    v1::ListViewsRequest request;
    request.set_parent(parent);
    request.set_page_size(page_size);
    std::vector<std::string> titles;
    do {
      const auto page = ListViews(*Now(), request);
      EXPECT_THAT(page, IsOk());
      if (!page.ok()) break;
      for (const v1::View& view : page->views()) titles.push_back(view.title());
      request.set_page_token(page->next_page_token());
    } while (!request.page_token().empty());
    return titles;
  }

  void SetCount(int64_t count) {
    internal::CounterRecord record;
    record.set_value(count);
    storage::WriteSet write_set;
    write_set.PutRecord(storage::ViewCountKey(0), record.SerializeAsString());
    EXPECT_THAT(store_->CommitAndWait(std::move(write_set)), IsOk());
  }

  std::unique_ptr<storage::KvStore> store_;
  int64_t calls_ = 0;
  bool wrote_ = false;
};

// Worked out by a separate program.
TEST_F(ViewsTest, TheIdIsTheBeginningOfTheDigestInBase32) {
  EXPECT_EQ(ViewId("/compare?runs=a,b"), "ojuvejd23t");
  EXPECT_EQ(ViewId("/"), "rjpnvmucmm");
}

TEST_F(ViewsTest, TheSameContentIsOneViewWhichStaysAsItWas) {
  const auto first = Create("/compare?runs=a,b");
  ASSERT_THAT(first, IsOk());
  EXPECT_EQ(first->name(), "experiments/0/views/ojuvejd23t");
  EXPECT_EQ(first->principal(), "ada");
  EXPECT_EQ(ToUnixNanos(first->create_time()), kStart + 1);
  const auto again = Create("/compare?runs=a,b");
  ASSERT_THAT(again, IsOk());
  EXPECT_FALSE(wrote_);
  EXPECT_EQ(again->SerializeAsString(), first->SerializeAsString());
  EXPECT_EQ(Get(first->name())->SerializeAsString(), first->SerializeAsString());
  EXPECT_NE(Create("/compare?runs=a")->name(), first->name());
}

TEST_F(ViewsTest, ATitleIsTakenLaterAndNothingTakesItAway) {
  const std::string name = Create("/a")->name();
  EXPECT_THAT(Titles(), IsEmpty());
  EXPECT_EQ(Create("/a", "one")->title(), "one");
  EXPECT_EQ(Create("/a", "two")->title(), "two");
  EXPECT_EQ(Create("/a")->title(), "two");
  EXPECT_FALSE(wrote_);
  EXPECT_EQ(Create("/a", "two")->title(), "two");
  EXPECT_FALSE(wrote_);
  EXPECT_EQ(Get(name)->title(), "two");
  EXPECT_EQ(ToUnixNanos(Get(name)->create_time()), kStart + 1);
  EXPECT_THAT(Titles(), ElementsAre("two"));
}

TEST_F(ViewsTest, OnlyTitledOnesAreListedByTitleWhateverThePageSize) {
  for (const char* title : {"c", "a", "", "b", "a"}) {
    ASSERT_THAT(Create("/p?n=" + std::to_string(calls_), title), IsOk());
  }
  ASSERT_THAT(Create("/p", "foreign", "experiments/1"), IsOk());
  for (const int size : {0, 1, 2, 3, 1000}) {
    EXPECT_THAT(Titles(size), ElementsAre("a", "a", "b", "c")) << size;
  }
  EXPECT_THAT(Titles(0, "experiments/1"), ElementsAre("foreign"));
}

// 300 views of 16 KiB are more than a message takes.
TEST_F(ViewsTest, APageFitsIntoAMessage) {
  for (int i = 0; i < 300; ++i) {
    const std::string begin = "/p?n=" + std::to_string(i) + "&x=";
    ASSERT_THAT(Create(begin + std::string(kMaxAddressBytes - begin.size(), 'x'), "t"), IsOk());
  }
  v1::ListViewsRequest request;
  request.set_parent("experiments/0");
  request.set_page_size(1000);
  EXPECT_LT(ListViews(*Now(), request)->ByteSizeLong(), size_t{4} << 20);
  EXPECT_EQ(Titles(1000).size(), 300u);
}

TEST_F(ViewsTest, WhatIsDeletedIsGoneFromTheListAndCanBeKeptAgain) {
  const std::string name = Create("/a", "one")->name();
  ASSERT_THAT(Create("/b", "two"), IsOk());
  ASSERT_THAT(Delete(name), IsOk());
  EXPECT_TRUE(HasReason(Get(name).status(), ErrorReason::VIEW_NOT_FOUND));
  EXPECT_TRUE(HasReason(Delete(name), ErrorReason::VIEW_NOT_FOUND));
  EXPECT_THAT(Titles(), ElementsAre("two"));
  EXPECT_EQ(Create("/a")->name(), name);
  EXPECT_EQ(Get(name)->title(), "");
}

TEST_F(ViewsTest, AnExperimentHasAtMostItsLimitAndADeletionMakesRoom) {
  const std::string name = Create("/a")->name();
  SetCount(kMaxViews);
  const auto over = Create("/b");
  EXPECT_THAT(over, StatusIs(StatusCode::kResourceExhausted));
  EXPECT_TRUE(HasReason(over.status(), ErrorReason::TOO_LARGE));
  EXPECT_THAT(Create("/a", "is there already"), IsOk());
  EXPECT_THAT(Create("/b", "", "experiments/1"), IsOk());
  ASSERT_THAT(Delete(name), IsOk());
  EXPECT_THAT(Create("/b"), IsOk());
  EXPECT_THAT(Create("/c"), StatusIs(StatusCode::kResourceExhausted));
}

// The limit holds because of this: both counted the same.
TEST_F(ViewsTest, TwoThatAreKeptAtOnceConflict) {
  auto a = PlanCreateView(*Now(), Wanted("/a", ""), kStart);
  auto b = PlanCreateView(*Now(), Wanted("/b", ""), kStart);
  EXPECT_THAT(Apply<v1::View>(std::move(a)), IsOk());
  EXPECT_TRUE(HasReason(Apply<v1::View>(std::move(b)).status(), ErrorReason::COMMIT_CONFLICT));
}

TEST_F(ViewsTest, AViewIsItsExperimentsOnly) {
  const std::string name = Create("/a")->name();
  const std::string id = name.substr(name.rfind('/') + 1);
  EXPECT_TRUE(HasReason(Get("experiments/1/views/" + id).status(), ErrorReason::VIEW_NOT_FOUND));
  EXPECT_TRUE(HasReason(Delete("experiments/1/views/" + id), ErrorReason::VIEW_NOT_FOUND));
  EXPECT_TRUE(HasReason(Get("experiments/77/views/" + id).status(), ErrorReason::VIEW_NOT_FOUND));
  EXPECT_TRUE(
      HasReason(Create("/a", "", "experiments/77").status(), ErrorReason::EXPERIMENT_NOT_FOUND));
  v1::ListViewsRequest request;
  request.set_parent("experiments/77");
  EXPECT_TRUE(HasReason(ListViews(*Now(), request).status(), ErrorReason::EXPERIMENT_NOT_FOUND));
  for (const char* bad : {"experiments/0", "experiments/x/views/a", "experiments/0/views/",
                          "experiments/-/views/a", "models/m/views/a"}) {
    EXPECT_TRUE(HasReason(Get(bad).status(), ErrorReason::NAME_INVALID)) << bad;
  }
}

TEST_F(ViewsTest, AnAddressOfAnotherServerIsRefused) {
  for (const char* bad : {"", "compare", "http://h/", "//h/", "/\\h", "/a\\b", "/a#b", "/a\nb"}) {
    const auto view = Create(bad);
    EXPECT_TRUE(HasReason(view.status(), ErrorReason::VALUE_INVALID)) << bad;
    EXPECT_EQ(MetadataOf(view.status(), "field"), "view.address");
  }
  const std::string longest = "/" + std::string(kMaxAddressBytes - 1, 'x');
  EXPECT_THAT(Create(longest), IsOk());
  EXPECT_TRUE(HasReason(Create(longest + "x").status(), ErrorReason::TOO_LARGE));
}

TEST_F(ViewsTest, ATitleIsShortAndInOneLine) {
  EXPECT_THAT(Create("/a", std::string(kMaxTitleBytes, 'x')), IsOk());
  EXPECT_TRUE(HasReason(Create("/a", std::string(kMaxTitleBytes + 1, 'x')).status(),
                        ErrorReason::TOO_LARGE));
  EXPECT_TRUE(HasReason(Create("/a", "a\nb").status(), ErrorReason::VALUE_INVALID));
}

// Two addresses with one id do not occur by chance: one is made up.
TEST_F(ViewsTest, AnAddressWhoseIdAnotherHasIsRefused) {
  internal::ViewRecord record;
  record.mutable_view()->set_address("/another");
  storage::WriteSet write_set;
  write_set.PutRecord(storage::ViewKey(0, ViewId("/a")), record.SerializeAsString());
  ASSERT_THAT(store_->CommitAndWait(std::move(write_set)), IsOk());
  EXPECT_TRUE(HasReason(Create("/a").status(), ErrorReason::VALUE_INVALID));
}

}  // namespace
}  // namespace cairn::views

// Pages of lists: their bytes, their rows, and records that cannot be read.

#include "server/storage/paging.h"

#include <memory>
#include <string>
#include <vector>

#include "cairn/internal/records.pb.h"
#include "cairn/v1/tracking.pb.h"
#include "fmt/format.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "server/storage/keyspace.h"
#include "server/storage/memory_store.h"
#include "tests/testing/status_matchers.h"

namespace cairn::storage {
namespace {

using cairn::internal::ExperimentRecord;
using Pages = std::vector<std::vector<int64_t>>;
using testing::IsOk;

class PagingTest : public ::testing::Test {
 protected:
  PagingTest() : store_(MakeMemoryStore()) {}

  void Put(int64_t id, const std::string& payload) {
    WriteSet set;
    set.PutRecord(ExperimentKey(id), payload);
    ASSERT_THAT(store_->CommitAndWait(std::move(set)), IsOk());
  }

  // An experiment whose record has about `bytes` bytes.
  void PutLarge(int64_t id, size_t bytes) {
    ExperimentRecord record;
    record.mutable_experiment()->set_name(fmt::format("experiments/{}", id));
    record.mutable_experiment()->set_display_name(std::string(bytes, 'x'));
    Put(id, record.SerializeAsString());
  }

  // The numbers on each page; `row_bytes` of a row if it is not about its record's size.
  Pages List(ScanOrder order, int32_t page_size, size_t row_bytes = 0) {
    Pages pages;
    cairn::v1::ListExperimentsRequest request;
    request.set_page_size(page_size);
    do {
      pages.emplace_back();
      const auto add = [&](const auto& stored) {
        const std::string& name = stored.value.experiment().name();
        pages.back().push_back(std::stoll(name.substr(name.rfind('/') + 1)));
        return true;
      };
      const auto token =
          row_bytes == 0
              ? Page(request, order, [&](std::string_view, auto stored) { return add(stored); })
              : Page(request, order, [&](std::string_view, auto stored, PageRoom& room) {
                  return room.Take(row_bytes) && add(stored);
                });
      EXPECT_THAT(token, IsOk());
      if (!token.ok()) break;
      request.set_page_token(*token);
    } while (!request.page_token().empty());
    return pages;
  }

  template <typename Add>
  absl::StatusOr<std::string> Page(const cairn::v1::ListExperimentsRequest& request,
                                   ScanOrder order, Add&& add) {
    return ListPage<ExperimentRecord>(*store_->GetSnapshot(), request,
                                      KeyRange::Prefix(ExperimentPrefix()), order, {}, add);
  }

  std::unique_ptr<KvStore> store_;
};

TEST_F(PagingTest, APageEndsBeforeItsRowsOutgrowAMessage) {
  for (int64_t id = 0; id < 7; ++id) PutLarge(id, size_t{1} << 20);
  const Pages two_each = {{0, 1}, {2, 3}, {4, 5}, {6}};
  EXPECT_EQ(List(ScanOrder::kAscending, 1'000), two_each);
  const Pages downwards = {{6, 5}, {4, 3}, {2, 1}, {0}};
  EXPECT_EQ(List(ScanOrder::kDescending, 1'000), downwards);
  const Pages one_each = {{0}, {1}, {2}, {3}, {4}, {5}, {6}};
  EXPECT_EQ(List(ScanOrder::kAscending, 1), one_each);
}

TEST_F(PagingTest, ARowThatIsTooLargeStandsAlone) {
  PutLarge(0, 10);
  PutLarge(1, 5 << 20);
  PutLarge(2, 10);
  const Pages expected = {{0}, {1}, {2}};
  EXPECT_EQ(List(ScanOrder::kAscending, 1'000), expected);
}

TEST_F(PagingTest, RowsThatAreLargerThanTheirRecordsAreMeasured) {
  for (int64_t id = 0; id < 5; ++id) PutLarge(id, 10);
  const Pages expected = {{0, 1, 2}, {3, 4}};
  EXPECT_EQ(List(ScanOrder::kAscending, 1'000, size_t{1} << 20), expected);
}

TEST_F(PagingTest, MoreRowsThanTheGreatestPageAreAskedForAndNotGiven) {
  for (int64_t id = 0; id < 1'002; ++id) PutLarge(id, 1);
  const Pages pages = List(ScanOrder::kAscending, 2'000'000'000);
  ASSERT_EQ(pages.size(), 2u);
  EXPECT_EQ(pages[0].size(), 1'000u);
  EXPECT_EQ(pages[1].size(), 2u);
}

TEST_F(PagingTest, ARecordThatCannotBeParsedIsSteppedOver) {
  for (int64_t id = 0; id < 5; ++id) PutLarge(id, 10);
  Put(2, "\x0a\xff");
  const Pages expected = {{0, 1}, {3, 4}};
  EXPECT_EQ(List(ScanOrder::kAscending, 2), expected);
}

}  // namespace
}  // namespace cairn::storage

#include <memory>
#include <utility>

#include <gmock/gmock.h>
#include "server/storage/memory_store.h"
#include "server/storage/rocks_store.h"
#include "tests/testing/status_matchers.h"
#include "tests/unit/storage/kv_store_conformance.h"
#include "tests/unit/storage/scratch_directory.h"

namespace cairn::storage {
namespace {

using testing::IsOk;

class MemoryFixture final : public StoreFixture {
 public:
  explicit MemoryFixture(CommitterOptions options) : store_(MakeMemoryStore(AddNumbers, options)) {}
  KvStore& store() override { return *store_; }

 private:
  const std::unique_ptr<KvStore> store_;
};

class RocksFixture final : public StoreFixture {
 public:
  RocksFixture(CommitterOptions options, bool reopen) : options_(options), reopen_(reopen) {
    Open();
  }
  KvStore& store() override { return *store_; }
  void Between() override {
    if (reopen_) Open();
  }

 private:
  void Open() {
    store_.reset();
    RocksOptions options;
    options.directory = directory_.path();
    options.merge = AddNumbers;
    options.committer = options_;
    options.write_buffer_bytes = 64 << 10;
    options.reserve_bytes = 0;
    auto opened = OpenRocksStore(options);
    ASSERT_THAT(opened, IsOk());
    store_ = *std::move(opened);
  }

  ScratchDirectory directory_;
  const CommitterOptions options_;
  const bool reopen_;
  std::unique_ptr<KvStore> store_;
};

INSTANTIATE_TEST_SUITE_P(
    Stores, KvStoreConformance,
    ::testing::Values(Implementation{"Memory",
                                     [](CommitterOptions options) -> std::unique_ptr<StoreFixture> {
                                       return std::make_unique<MemoryFixture>(options);
                                     }},
                      Implementation{"Rocks",
                                     [](CommitterOptions options) -> std::unique_ptr<StoreFixture> {
                                       return std::make_unique<RocksFixture>(options, false);
                                     }},
                      Implementation{"RocksReopened",
                                     [](CommitterOptions options) -> std::unique_ptr<StoreFixture> {
                                       return std::make_unique<RocksFixture>(options, true);
                                     }}),
    [](const auto& test) { return test.param.name; });

}  // namespace
}  // namespace cairn::storage

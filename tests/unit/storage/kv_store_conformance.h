#ifndef CAIRN_TESTS_UNIT_STORAGE_KV_STORE_CONFORMANCE_H_
#define CAIRN_TESTS_UNIT_STORAGE_KV_STORE_CONFORMANCE_H_

#include <functional>
#include <memory>
#include <string>

#include "gtest/gtest.h"
#include "server/storage/committer.h"
#include "server/storage/kv_store.h"

namespace cairn::storage {

// A store under test, with the means to restart it where it can be restarted.
class StoreFixture {
 public:
  virtual ~StoreFixture() = default;
  virtual KvStore& store() = 0;

  // Called by the suite between operations. A durable store may close and open
  // itself here: nothing may change. No snapshot is alive during the call.
  virtual void Between() {}
};

// Adds up decimal numbers; an operand that is no number is refused.
absl::StatusOr<std::string> AddNumbers(const Key& key, std::optional<std::string_view> existing,
                                       std::string_view operand);

struct Implementation {
  std::string name;
  std::function<std::unique_ptr<StoreFixture>(CommitterOptions options)> make;
};

// The promises of kv_store.h. Register with INSTANTIATE_TEST_SUITE_P.
class KvStoreConformance : public ::testing::TestWithParam<Implementation> {
 protected:
  KvStoreConformance() : fixture_(GetParam().make({})) {}

  KvStore& store() { return fixture_->store(); }
  void Between() { fixture_->Between(); }

  // Commits and expects success.
  Revision Commit(WriteSet set);
  // The payload at `key`, "(none)" when absent.
  std::string PayloadAt(const Key& key);
  Record RecordAt(const Key& key);
  // "key=payload" of every record of `range`, in the order of the scan.
  std::vector<std::string> ScanAll(const Snapshot& snapshot, const KeyRange& range,
                                   ScanOrder order);

  std::unique_ptr<StoreFixture> fixture_;
};

}  // namespace cairn::storage

#endif  // CAIRN_TESTS_UNIT_STORAGE_KV_STORE_CONFORMANCE_H_

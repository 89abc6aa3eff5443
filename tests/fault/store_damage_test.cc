// Damage to the files of a store at rest: whatever is damaged, a start either finds everything that
// was acknowledged or is refused and leaves every file as it was.
//
// Short here; CAIRN_DAMAGE_ROUNDS=10000 makes the random part as long as `make faults` does.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "fmt/format.h"
#include "lib/base/errors.h"
#include "server/storage/crc32c.h"
#include "server/storage/keyspace.h"
#include "server/storage/rocks_store.h"
#include "tests/fault/directory_image.h"
#include "tests/testing/status_matchers.h"
#include "tests/unit/storage/scratch_directory.h"

namespace cairn::storage {
namespace {

using fault::DirectoryImage;
using testing::IsOk;

RocksOptions SmallOptions(const std::string& directory) {
  RocksOptions options;
  options.directory = directory;
  options.reserve_bytes = 0;
  options.write_buffer_bytes = 64 << 10;  // so that there are tables too
  options.block_cache_bytes = 1 << 20;
  return options;
}

absl::Status WriteSome(KvStore& store, int64_t i) {
  WriteSet set;
  set.PutRecord(ExperimentKey(i), std::string(3000, static_cast<char>('a' + i % 26)))
      .PutRecord(BlobEntryKey(std::to_string(i)), std::string(200, 'b'))
      .Emit("experiments/" + std::to_string(i), cairn::v1::Event::EXPERIMENT_CREATED);
  if (i % 7 == 3) set.Delete(ExperimentKey(i - 2));
  return store.CommitAndWait(std::move(set)).status();
}

// Everything a store holds, or the first error met while it is read.
absl::StatusOr<std::string> Dump(const KvStore& store) {
  const auto snapshot = store.GetSnapshot();
  std::string all = fmt::format("revision {}\n", snapshot->revision());
  for (int family = 0; family < kFamilyCount; ++family) {
    if (static_cast<Family>(family) == Family::kEvent) continue;  // another form, below
    const absl::Status status = snapshot->Scan(
        {static_cast<Family>(family), "", ""}, ScanOrder::kAscending,
        [&all](std::string_view key, const Record& record) {
          all += fmt::format("{} {} {} {} {}\n", Crc32c(key), record.create_revision,
                             record.mod_revision, record.version, Crc32c(record.payload));
          return true;
        });
    if (!status.ok()) return status;
  }
  const absl::Status status = store.ScanEvents(1, [&all](const StoredEvent& event) {
    all += fmt::format("event {} {} {}\n", event.revision, event.ordinal, event.event.resource);
    return true;
  });
  if (!status.ok()) return status;
  return all;
}

// A store with tables and a log, as it is left by a stop or by a kill.
class StoreDamageTest : public ::testing::TestWithParam<bool> {
 protected:
  void SetUp() override {
    const std::string alive = scratch_.Join("alive");
    auto store = OpenRocksStore(SmallOptions(alive));
    ASSERT_THAT(store, IsOk());
    for (int64_t i = 1; i <= 60; ++i) ASSERT_THAT(WriteSome(**store, i), IsOk());
    if (!WasStopped()) {
      // Quiet: nothing is written while it is copied. Flushes may be; then it is copied again.
      do {
        image_ = DirectoryImage::Of(alive);
      } while (!(image_ == DirectoryImage::Of(alive)));
    }
    dump_ = Dump(**store).value();
    store->reset();
    if (WasStopped()) image_ = DirectoryImage::Of(alive);
  }

  bool WasStopped() const { return GetParam(); }

  // The verdict on a start on damaged files.
  enum class Outcome { kRefused, kErrorWhenRead, kWhole };
  Outcome Start(const DirectoryImage& damaged, const std::string& what) {
    const std::string directory = scratch_.Join("damaged");
    present_.has_value() ? damaged.WriteChangesTo(directory, *present_)
                         : damaged.WriteTo(directory);
    present_.reset();
    auto store = OpenRocksStore(SmallOptions(directory));
    if (!store.ok()) {
      EXPECT_FALSE(ReasonOf(store.status()).empty()) << what;
      present_ = DirectoryImage::Of(directory);
      EXPECT_EQ(present_->DifferenceTo(damaged), "") << what << ": " << store.status();
      return Outcome::kRefused;
    }
    const absl::StatusOr<std::string> dump = Dump(**store);
    if (!dump.ok()) return Outcome::kErrorWhenRead;
    EXPECT_TRUE(*dump == dump_) << what << " opened as another state";
    return Outcome::kWhole;
  }

  ScratchDirectory scratch_;
  DirectoryImage image_;
  std::string dump_;
  std::optional<DirectoryImage> present_;  // what the directory holds, if that is known
};

TEST_P(StoreDamageTest, AnUndamagedStoreOpens) {
  EXPECT_EQ(Start(image_, "no damage"), Outcome::kWhole);
}

// The places of the headers of the fragments in a log or MANIFEST; zeros follow them.
std::vector<size_t> HeaderPlaces(const std::string& bytes) {
  std::vector<size_t> places;
  size_t at = 0;
  while (at + 7 <= bytes.size() && bytes.find_first_not_of('\0', at) != std::string::npos) {
    if (32768 - at % 32768 < 7) {
      at += 32768 - at % 32768;
      continue;
    }
    places.push_back(at);
    at += 7 + static_cast<uint8_t>(bytes[at + 4]) + 256 * static_cast<uint8_t>(bytes[at + 5]);
  }
  return places;
}

TEST_P(StoreDamageTest, EveryBitOfEveryRecordHeaderIsMissed) {
  int flips = 0;
  for (const auto& [name, bytes] : image_.files()) {
    const bool is_log = name.find(".log") != std::string::npos;
    if (!is_log && name.find("MANIFEST") == std::string::npos) continue;
    for (const size_t place : HeaderPlaces(bytes)) {
      for (size_t bit = 0; bit < 56; ++bit) {
        // All kinds of field in every record, every bit in a share of them: a start takes a while.
        if (fault::RoundsFrom("CAIRN_DAMAGE_ROUNDS", 0) == 0 && (place / 7 + bit) % 9 != 0)
          continue;
        DirectoryImage damaged = image_;
        damaged.files()[name][place + bit / 8] ^= static_cast<char>(1 << (bit % 8));
        const std::string what = fmt::format("{} at {}, bit {}", name, place, bit);
        EXPECT_EQ(Start(damaged, what), Outcome::kRefused) << what;
        ++flips;
        if (HasFailure()) return;
      }
    }
  }
  RecordProperty("flips", flips);
  EXPECT_GT(flips, 100);
}

TEST_P(StoreDamageTest, AFlippedBitAnywhereIsNeverAnotherStateWithOk) {
  const int rounds = fault::RoundsFrom("CAIRN_DAMAGE_ROUNDS", 100);
  std::mt19937_64 random(20261128);
  std::vector<std::string> names;
  for (const auto& [name, bytes] : image_.files()) {
    if (!bytes.empty()) names.push_back(name);
  }
  int whole = 0;
  for (int round = 0; round < rounds && !HasFailure(); ++round) {
    const std::string& name = names[random() % names.size()];
    DirectoryImage damaged = image_;
    std::string& bytes = damaged.files()[name];
    const size_t bit = random() % (bytes.size() * 8);
    bytes[bit / 8] ^= static_cast<char>(1 << (bit % 8));
    if (Start(damaged, fmt::format("{} bit {}", name, bit)) == Outcome::kWhole) ++whole;
  }
  RecordProperty("without_consequence", whole);
}

TEST_P(StoreDamageTest, AFileThatIsRemovedCutEmptiedOrLengthenedIsNeverAnotherStateWithOk) {
  const int rounds = fault::RoundsFrom("CAIRN_DAMAGE_ROUNDS", 0) / 200 + 1;
  std::mt19937_64 random(20261129);
  for (const auto& [name, bytes] : image_.files()) {
    for (int round = 0; round < rounds && !HasFailure(); ++round) {
      DirectoryImage removed = image_, emptied = image_, cut = image_, longer = image_,
                     zeros = image_;
      removed.files().erase(name);
      Start(removed, name + " removed");
      emptied.files()[name].clear();
      Start(emptied, name + " emptied");
      if (bytes.empty()) continue;
      cut.files()[name].resize(random() % bytes.size());
      Start(cut, fmt::format("{} cut to {}", name, cut.files()[name].size()));
      for (uint64_t i = random() % 5000 + 1; i > 0; --i) {
        longer.files()[name].push_back(static_cast<char>(random()));
      }
      Start(longer, name + " lengthened");
      zeros.files()[name].append(random() % 100'000 + 1, '\0');
      Start(zeros, name + " lengthened by zeros");
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Stores, StoreDamageTest, ::testing::Bool(),
                         [](const auto& test) { return test.param ? "Stopped" : "Killed"; });

}  // namespace
}  // namespace cairn::storage

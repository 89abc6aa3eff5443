#include "server/storage/rocks_log.h"

#include <algorithm>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "server/storage/crc32c.h"
#include "server/storage/rocks_manifest.h"
#include "tests/testing/status_matchers.h"

namespace cairn::storage {
namespace {

using testing::IsOk;
using testing::StatusIs;

constexpr size_t kBlock = 32 << 10;

void AppendFragment(std::string* file, char type, std::string_view bytes) {
  const std::string sealed = type + std::string(bytes);
  const uint32_t crc = Crc32c(sealed);
  const uint32_t masked = ((crc >> 15) | (crc << 17)) + 0xa282ead8U;
  for (int i = 0; i < 4; ++i) file->push_back(static_cast<char>(masked >> (8 * i)));
  file->push_back(static_cast<char>(bytes.size()));
  file->push_back(static_cast<char>(bytes.size() >> 8));
  *file += sealed;
}

// A writer of the format, as its documents describe it.
void AppendRecord(std::string* file, std::string_view record) {
  for (bool first = true;; first = false) {
    size_t left = kBlock - file->size() % kBlock;
    if (left < 7) {
      file->append(left, '\0');
      left = kBlock;
    }
    const size_t taken = std::min(left - 7, record.size());
    const bool last = taken == record.size();
    AppendFragment(file, static_cast<char>(first ? (last ? 1 : 2) : (last ? 4 : 3)),
                   record.substr(0, taken));
    record.remove_prefix(taken);
    if (last) return;
  }
}

std::vector<std::string> Read(std::string_view file, RocksLogEnd* end) {
  std::vector<std::string> records;
  *end = ScanRocksLog(file, [&records](uint64_t, std::string_view record) {
           records.emplace_back(record);
           return absl::OkStatus();
         }).value();
  return records;
}

TEST(RocksLog, RecordsOfAnySizeComeBack) {
  std::mt19937_64 random(1);
  std::vector<std::string> records;
  std::string file;
  for (int i = 0; i < 200; ++i) {
    const size_t size = i % 10 == 0 ? random() % 100'000 : random() % 300;
    records.emplace_back(size, static_cast<char>(random()));
    AppendRecord(&file, records.back());
  }
  RocksLogEnd end;
  EXPECT_EQ(Read(file, &end), records);
  EXPECT_TRUE(end.clean());
  EXPECT_EQ(end.valid_bytes, file.size());
}

TEST(RocksLog, ZerosBehindTheRecordsAreNoRecords) {
  std::string file;
  AppendRecord(&file, "one");
  const size_t size = file.size();
  file.append(100'000, '\0');
  RocksLogEnd end;
  EXPECT_EQ(Read(file, &end).size(), 1u);
  EXPECT_TRUE(end.clean());
  EXPECT_EQ(end.valid_bytes, size);
  EXPECT_EQ(end.data_bytes, size);
  EXPECT_EQ(end.file_bytes, file.size());
}

TEST(RocksLog, ACutAnywhereLeavesTheRecordsBeforeItAndNoneBehind) {
  std::string file;
  std::vector<size_t> ends;
  for (const size_t size : {10, 40'000, 5, 70'000, 0, 20}) {
    AppendRecord(&file, std::string(size, 'r'));
    ends.push_back(file.size());
  }
  for (size_t cut = 0; cut < file.size(); cut += cut % 32'768 < 40 ? 1 : 997) {
    RocksLogEnd end;
    const size_t records = Read(std::string_view(file).substr(0, cut), &end).size();
    EXPECT_EQ(records, std::upper_bound(ends.begin(), ends.end(), cut) - ends.begin()) << cut;
    EXPECT_FALSE(end.record_behind.has_value()) << cut;
    EXPECT_EQ(end.valid_bytes, records == 0 ? 0 : ends[records - 1]) << cut;
  }
}

TEST(RocksLog, AFlippedBitBeforeAnotherRecordIsSeenAsDamage) {
  std::string file;
  AppendRecord(&file, std::string(60, 'a'));
  const size_t second = file.size();
  AppendRecord(&file, std::string(40'000, 'b'));
  AppendRecord(&file, "last");
  for (size_t bit = 0; bit < (second + 7) * 8; ++bit) {
    std::string damaged = file;
    damaged[bit / 8] ^= static_cast<char>(1 << (bit % 8));
    RocksLogEnd end;
    Read(damaged, &end);
    EXPECT_FALSE(end.clean()) << bit;
    EXPECT_TRUE(end.record_behind.has_value()) << bit;
  }
}

TEST(RocksLog, PartsOfOneUnfinishedRecordAreNoRecordBehind) {
  std::string file;
  AppendRecord(&file, "acknowledged");
  AppendRecord(&file, std::string(100'000, 'u'));  // whose pages reached the disk out of order
  std::fill(file.begin() + 20, file.begin() + 4096, '\0');
  RocksLogEnd end;
  EXPECT_EQ(Read(file, &end).size(), 1u);
  EXPECT_FALSE(end.clean());
  EXPECT_FALSE(end.record_behind.has_value());
}

TEST(RocksLog, ARecordThatGoesOnBehindTheDataIsCutOff) {
  std::string file;
  AppendRecord(&file, std::string(9'000, 'x'));
  file.resize(4'096);
  file.append(10'000, '\0');
  RocksLogEnd end;
  Read(file, &end);
  EXPECT_TRUE(end.cut_off);
  EXPECT_EQ(end.data_bytes, 4'096u);
}

TEST(RocksLog, AVisitorsErrorEndsTheScan) {
  std::string file;
  AppendRecord(&file, "one");
  const auto result = ScanRocksLog(
      file, [](uint64_t, std::string_view) { return absl::InvalidArgumentError("no"); });
  EXPECT_THAT(result, StatusIs(absl::StatusCode::kInvalidArgument));
}

// Edits of a MANIFEST, put together by hand.
class EditBytes {
 public:
  EditBytes& Number(uint64_t value) {
    for (; value >= 0x80; value >>= 7) bytes_.push_back(static_cast<char>(value | 0x80));
    bytes_.push_back(static_cast<char>(value));
    return *this;
  }
  EditBytes& String(std::string_view value) {
    Number(value.size());
    bytes_ += value;
    return *this;
  }
  EditBytes& Table(uint64_t level, uint64_t number, uint64_t size) {
    return Number(103)
        .Number(level)
        .Number(number)
        .Number(size)
        .String("a")
        .String("z")
        .Number(1)
        .Number(9);
  }
  operator std::string_view() const { return bytes_; }  // NOLINT(google-explicit-constructor)

 private:
  std::string bytes_;
};

TEST(RocksManifest, TablesAndNeededLogsFollowTheEdits) {
  RocksManifest manifest;
  ASSERT_THAT(manifest.Apply(EditBytes().Number(1).String("comparator").Number(2).Number(4)),
              IsOk());
  ASSERT_THAT(manifest.Apply(
                  EditBytes().Number(200).Number(1).Number(201).String("meta").Number(2).Number(6)),
              IsOk());
  EXPECT_EQ(manifest.first_needed_log(), 4u);
  ASSERT_THAT(
      manifest.Apply(
          EditBytes().Table(0, 12, 500).Number(5).String("123").Number(1).Number(200).Number(1)),
      IsOk());
  EXPECT_EQ(manifest.tables(), (std::map<uint64_t, uint64_t>{{12, 500}}));
  ASSERT_THAT(manifest.Apply(EditBytes()
                                 .Number(6)
                                 .Number(0)
                                 .Number(12)
                                 .Table(1, 12, 500)
                                 .Number(1)
                                 .Table(1, 13, 70)
                                 .Number(1)
                                 .Number(200)
                                 .Number(1)),
              IsOk());
  EXPECT_EQ(manifest.tables(), (std::map<uint64_t, uint64_t>{{12, 500}, {13, 70}}));
  ASSERT_THAT(manifest.Apply(EditBytes().Number(10).Number(9)), IsOk());
  EXPECT_EQ(manifest.first_needed_log(), 9u);
  ASSERT_THAT(manifest.Apply(EditBytes().Number(200).Number(1).Number(202)), IsOk());
  EXPECT_TRUE(manifest.tables().empty());
}

TEST(RocksManifest, EditsOfAGroupCountWhenAllOfThemAreThere) {
  RocksManifest manifest;
  ASSERT_THAT(manifest.Apply(EditBytes().Table(0, 1, 5).Number(1).Number(300).Number(1)), IsOk());
  EXPECT_TRUE(manifest.tables().empty());
  ASSERT_THAT(manifest.Apply(EditBytes().Table(0, 2, 6).Number(1).Number(300).Number(0)), IsOk());
  EXPECT_EQ(manifest.tables().size(), 2u);
}

TEST(RocksManifest, FieldsThatMayBeSteppedOverAreAndOthersAreTold) {
  RocksManifest manifest;
  EXPECT_THAT(manifest.Apply(EditBytes().Number((1 << 13) + 77).String("later")), IsOk());
  EXPECT_THAT(manifest.Apply(EditBytes().Number(99)), StatusIs(absl::StatusCode::kUnimplemented));
  RocksManifest other;
  EXPECT_THAT(other.Apply(EditBytes().Number(103).Number(0)),
              StatusIs(absl::StatusCode::kDataLoss));
  EXPECT_THAT(other.Apply("\xff\xff"), StatusIs(absl::StatusCode::kDataLoss));
}

}  // namespace
}  // namespace cairn::storage

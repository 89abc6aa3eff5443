// The format of the offline log and its file: vectors, torn ends, damage, locking, cutting.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <algorithm>
#include <filesystem>
#include <random>
#include <string>
#include <vector>

#include "lib/base/encoding.h"
#include "lib/base/errors.h"
#include "lib/base/files.h"
#include "lib/client/metric_log_file.h"
#include "lib/client/metric_log_format.h"
#include "tests/testing/status_matchers.h"
#include "tests/unit/client/scratch_file.h"

namespace cairn::client {
namespace {

using ::testing::HasSubstr;
using testing::IsOk;
using testing::StatusIs;

const MetricLogWriter kWriter = {"00000000-0000-4000-8000-000000000001",
                                 "experiments/7/runs/0123456789abcdef0123456789abcdef"};
const MetricLogWriter kOther = {"00000000-0000-4000-8000-000000000002", kWriter.run};

v1::LogMetricsRequest Batch(int64_t step, double value, int points = 1) {
  v1::LogMetricsRequest batch;
  auto* columns = batch.add_metrics();
  columns->set_key("loss");
  for (int i = 0; i < points; ++i) {
    columns->add_steps(step + i);
    columns->add_times_unix_millis(1000);
    columns->add_values(value);
  }
  return batch;
}

MetricLogSource SourceOf(const std::string& bytes) {
  return {static_cast<int64_t>(bytes.size()), [&bytes](int64_t offset, size_t size) {
            const size_t begin = std::min(static_cast<size_t>(offset), bytes.size());
            return absl::StatusOr<std::string>(bytes.substr(begin, size));
          }};
}

struct Scanned {
  absl::Status status;
  bool has_header = false;
  int64_t acknowledged = 0;
  int64_t end = 0;
  std::vector<MetricLogRecord> records;
};

Scanned ScanAll(const std::string& bytes) {
  Scanned result;
  MetricLogScanner scanner(SourceOf(bytes));
  const auto header = scanner.ReadHeader();
  result.status = header.status();
  result.has_header = header.ok() && *header;
  result.acknowledged = scanner.acknowledged();
  MetricLogRecord record;
  while (result.has_header) {
    const auto more = scanner.Next(&record);
    result.status = more.status();
    if (!more.ok() || !*more) break;
    result.records.push_back(record);
  }
  result.end = scanner.offset();
  return result;
}

// A log of `batches` batches, with another writer in the middle, and where records begin.
struct Sample {
  std::string bytes;
  std::vector<int64_t> begins;  // of each record, and the end
};

Sample MakeSample(int batches) {
  Sample sample{EncodeMetricLogHeader(kWriter), {}};
  for (int i = 0; i < batches; ++i) {
    sample.begins.push_back(static_cast<int64_t>(sample.bytes.size()));
    sample.bytes += i == batches / 2 ? EncodeMetricLogWriterRecord(kOther)
                                     : EncodeMetricLogBatch(i + 1, 1, Batch(i, 0.5 * i));
  }
  sample.begins.push_back(static_cast<int64_t>(sample.bytes.size()));
  return sample;
}

TEST(MetricLogFormatTest, TheVectorsOfTheDocument) {
  const std::string header = EncodeMetricLogHeader(kWriter);
  EXPECT_EQ(
      HexEncode(header),
      "434149524e4d4c47013330303030303030302d303030302d343030302d383030302d3030303030303030303030"
      "316578706572696d656e74732f372f72756e732f3031323334353637383961626364656630313233343536373839"
      "61626364656611c08406000000000000007142209ec3");
  EXPECT_EQ(MetricLogSlotOffset(kWriter), 101);
  const std::string batch = EncodeMetricLogBatch(1, 1, Batch(3, 0.5));
  EXPECT_EQ(
      HexEncode(batch),
      "010000002508bdfccdadbdf58900000000000000010000000122170a046c6f73731201031a02e8072208000000"
      "000000e03f");
  EXPECT_EQ(HexEncode(EncodeMetricLogSlot(163)), "00000000000000a32afd2d3b");
  EXPECT_EQ(HexEncode(EncodeMetricLogWriterRecord(kOther).substr(0, 13)),
            "0200000057dda9b3577abc1174");
}

TEST(MetricLogFormatTest, WhatWasWrittenIsRead) {
  const Sample sample = MakeSample(5);
  const Scanned scanned = ScanAll(sample.bytes);
  ASSERT_THAT(scanned.status, IsOk());
  ASSERT_EQ(scanned.records.size(), 5u);
  EXPECT_EQ(scanned.acknowledged, sample.begins[0]);
  EXPECT_EQ(scanned.records[2].writer, kOther);
  EXPECT_FALSE(scanned.records[2].is_batch);
  v1::LogMetricsRequest read;
  ASSERT_TRUE(read.ParseFromString(scanned.records[3].columns));
  EXPECT_EQ(read.SerializeAsString(), Batch(3, 1.5).SerializeAsString());
  EXPECT_EQ(scanned.records[3].number, 4);
  EXPECT_EQ(scanned.records[3].points, 1);
}

TEST(MetricLogFormatTest, AnEndThatIsTornAnywhereLosesOnlyTheTornRecord) {
  const Sample sample = MakeSample(6);
  for (size_t size = 0; size <= sample.bytes.size(); ++size) {
    SCOPED_TRACE(size);
    const Scanned scanned = ScanAll(sample.bytes.substr(0, size));
    ASSERT_THAT(scanned.status, IsOk());
    ASSERT_EQ(scanned.has_header, static_cast<int64_t>(size) >= sample.begins[0]);
    if (!scanned.has_header) continue;
    const auto whole =
        std::upper_bound(sample.begins.begin(), sample.begins.end(), static_cast<int64_t>(size)) -
        sample.begins.begin() - 1;
    ASSERT_EQ(scanned.records.size(), static_cast<size_t>(whole));
    ASSERT_EQ(scanned.end, sample.begins[static_cast<size_t>(whole)]);
  }
}

TEST(MetricLogFormatTest, AnEndThatWasNotWrittenIsTornToo) {
  const Sample sample = MakeSample(4);
  // The size reached the disk, the bytes did not.
  const auto keep = static_cast<size_t>(sample.begins[3]);
  std::string bytes = sample.bytes.substr(0, keep + 5);
  bytes.resize(bytes.size() + 5000, '\0');
  const Scanned scanned = ScanAll(bytes);
  ASSERT_THAT(scanned.status, IsOk());
  EXPECT_EQ(scanned.records.size(), 3u);
  EXPECT_EQ(scanned.end, sample.begins[3]);
}

TEST(MetricLogFormatTest, AFlippedBitIsNeverTakenForData) {
  const Sample sample = MakeSample(5);
  const Scanned intact = ScanAll(sample.bytes);
  for (size_t at = 0; at < sample.bytes.size() * 8; ++at) {
    SCOPED_TRACE(at);
    std::string bytes = sample.bytes;
    bytes[at / 8] = static_cast<char>(bytes[at / 8] ^ (1 << (at % 8)));
    const auto where = static_cast<int64_t>(at / 8);
    const Scanned scanned = ScanAll(bytes);
    if (where < 8) {
      EXPECT_TRUE(HasReason(scanned.status, ErrorReason::DATA_MALFORMED));
    } else if (where < MetricLogSlotOffset(kWriter)) {
      EXPECT_TRUE(HasReason(scanned.status, where == 8 && bytes[8] != '\0'
                                                ? ErrorReason::STORE_NEWER
                                                : ErrorReason::RECORD_CORRUPT))
          << scanned.status;
    } else if (where < sample.begins[0]) {
      EXPECT_THAT(scanned.status, IsOk());
      EXPECT_EQ(scanned.acknowledged, sample.begins[0]) << "everything is sent again";
      EXPECT_EQ(scanned.records.size(), 5u);
    } else {
      const auto next = std::upper_bound(sample.begins.begin(), sample.begins.end(), where);
      const auto damaged = static_cast<size_t>(next - sample.begins.begin()) - 1;
      ASSERT_EQ(scanned.records.size(), damaged);
      EXPECT_THAT(scanned.status, StatusIs(absl::StatusCode::kDataLoss))
          << "also in the last record";
      EXPECT_EQ(MetadataOf(scanned.status, "offset"), std::to_string(sample.begins[damaged]));
      EXPECT_THAT(std::string(scanned.status.message()),
                  HasSubstr(std::to_string(sample.begins[damaged])));
    }
    for (size_t i = 0; i < scanned.records.size(); ++i) {
      ASSERT_EQ(scanned.records[i].columns, intact.records[i].columns);
      ASSERT_EQ(scanned.records[i].writer, intact.records[i].writer);
      ASSERT_EQ(scanned.records[i].number, intact.records[i].number);
    }
  }
}

TEST(MetricLogFormatTest, RandomDamageNeverInventsARecord) {
  const Sample sample = MakeSample(12);
  const Scanned intact = ScanAll(sample.bytes);
  for (uint32_t seed = 0; seed < 300; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937 random(seed);
    std::string bytes = sample.bytes;
    // A hole, a repetition or a swap of pieces.
    const size_t begin = 113 + random() % (bytes.size() - 113);
    const size_t size = 1 + random() % 200;
    if (seed % 3 == 0) bytes.erase(begin, size);
    if (seed % 3 == 1) bytes.insert(begin, bytes.substr(random() % bytes.size(), size));
    if (seed % 3 == 2)
      std::fill_n(bytes.begin() + static_cast<int64_t>(begin), std::min(size, bytes.size() - begin),
                  '\xaa');
    for (const MetricLogRecord& record : ScanAll(bytes).records) {
      const bool known =
          std::any_of(intact.records.begin(), intact.records.end(), [&](const auto& other) {
            return other.columns == record.columns && other.number == record.number &&
                   other.writer == record.writer;
          });
      ASSERT_TRUE(known);
    }
  }
}

class MetricLogFileTest : public ::testing::Test {
 protected:
  std::unique_ptr<MetricLogFile> Open(bool create = true) {
    auto opened = MetricLogFile::Open(scratch_.path(), create);
    EXPECT_THAT(opened, IsOk());
    return opened.ok() ? *std::move(opened) : nullptr;
  }

  ScratchFile scratch_;
};

TEST_F(MetricLogFileTest, WhatWaitsIsCountedWhenItIsOpenedAgain) {
  {
    const auto log = Open();
    ASSERT_THAT(log->BeginWriter(kWriter), IsOk());
    for (int i = 1; i <= 4; ++i) ASSERT_THAT(log->Append(i, i, Batch(i, 0.5, i)), IsOk());
    const auto first = log->Read(log->acknowledged());
    ASSERT_THAT(first, IsOk());
    ASSERT_THAT(log->Acknowledge(first->end, kWriter), IsOk());
  }
  const auto log = Open(/*create=*/false);
  EXPECT_EQ(log->waiting_batches(), 3);
  EXPECT_EQ(log->waiting_points(), 2 + 3 + 4);
  EXPECT_EQ(log->cut_bytes(), 0);
  EXPECT_EQ(log->first_writer(), kWriter);
}

TEST_F(MetricLogFileTest, ATornEndIsCutOff) {
  {
    const auto log = Open();
    ASSERT_THAT(log->BeginWriter(kWriter), IsOk());
    for (int i = 1; i <= 3; ++i) ASSERT_THAT(log->Append(i, 1, Batch(i, 0.5)), IsOk());
  }
  const auto size = std::filesystem::file_size(scratch_.path());
  std::filesystem::resize_file(scratch_.path(), size - 1);
  const auto log = Open();
  EXPECT_EQ(log->waiting_batches(), 2);
  EXPECT_EQ(log->cut_bytes(), 49);
  EXPECT_EQ(std::filesystem::file_size(scratch_.path()), size - 50);
}

TEST_F(MetricLogFileTest, ABatchThatCouldNotBeReadIsNotWritten) {
  const auto log = Open();
  ASSERT_THAT(log->BeginWriter(kWriter), IsOk());
  v1::LogMetricsRequest batch;
  batch.add_metrics()->set_key(std::string(static_cast<size_t>(kMaxMetricLogPayloadBytes), 'k'));
  const int64_t end = log->end();
  EXPECT_TRUE(HasReason(log->Append(1, 1, batch), ErrorReason::TOO_LARGE));
  EXPECT_EQ(log->end(), end);
  ASSERT_THAT(log->Append(1, 1, Batch(1, 0.5)), IsOk());
}

TEST_F(MetricLogFileTest, ASecondUserIsRefused) {
  const auto log = Open();
  const auto second = MetricLogFile::Open(scratch_.path(), /*create=*/true);
  EXPECT_THAT(second, StatusIs(absl::StatusCode::kFailedPrecondition));
  EXPECT_TRUE(HasReason(second.status(), ErrorReason::STORE_LOCKED));
  EXPECT_THAT(std::string(second.status().message()), HasSubstr(scratch_.path()));
}

TEST_F(MetricLogFileTest, DamageInTheMiddleChangesNothingAndNamesFileAndOffset) {
  const Sample sample = MakeSample(5);
  std::string bytes = sample.bytes;
  bytes[static_cast<size_t>(sample.begins[1]) + 20] ^= 1;
  ASSERT_THAT(WriteFileAtomically(scratch_.path(), bytes), IsOk());
  const auto log = MetricLogFile::Open(scratch_.path(), /*create=*/true);
  EXPECT_THAT(log, StatusIs(absl::StatusCode::kDataLoss));
  EXPECT_EQ(MetadataOf(log.status(), "offset"), std::to_string(sample.begins[1]));
  EXPECT_THAT(std::string(log.status().message()), HasSubstr(scratch_.path()));
  EXPECT_EQ(*ReadFile(scratch_.path()), bytes);
}

TEST_F(MetricLogFileTest, AFileOfAnotherKindIsLeftAlone) {
  ASSERT_THAT(WriteFileAtomically(scratch_.path(), "step,value\n1,2\n"), IsOk());
  const auto log = MetricLogFile::Open(scratch_.path(), /*create=*/true);
  EXPECT_TRUE(HasReason(log.status(), ErrorReason::DATA_MALFORMED)) << log.status();
  EXPECT_EQ(*ReadFile(scratch_.path()), "step,value\n1,2\n");
}

TEST_F(MetricLogFileTest, AMissingLogIsOnlyMadeWhenAskedFor) {
  EXPECT_THAT(MetricLogFile::Open(scratch_.path(), /*create=*/false),
              StatusIs(absl::StatusCode::kNotFound));
}

TEST_F(MetricLogFileTest, AWriterThatFindsBatchesAppendsItselfAndElseBeginsAnew) {
  {
    const auto log = Open();
    ASSERT_THAT(log->BeginWriter(kWriter), IsOk());
    ASSERT_THAT(log->Append(1, 1, Batch(1, 0.5)), IsOk());
  }
  int64_t end = 0;
  {
    const auto log = Open();
    ASSERT_THAT(log->BeginWriter(kOther), IsOk());
    EXPECT_EQ(log->first_writer(), kWriter);
    const auto batch = log->Read(log->acknowledged());
    ASSERT_THAT(batch, IsOk());
    const auto writer = log->Read(batch->end);
    ASSERT_THAT(writer, IsOk());
    EXPECT_EQ(writer->writer, kOther);
    end = batch->end;
    ASSERT_THAT(log->Acknowledge(end, kWriter), IsOk());
  }
  const auto log = Open();
  EXPECT_EQ(log->waiting_batches(), 0);
  ASSERT_THAT(log->BeginWriter(kOther), IsOk());
  EXPECT_EQ(*ReadFile(scratch_.path()), EncodeMetricLogHeader(kOther));
}

TEST_F(MetricLogFileTest, TheAcknowledgedBeginningIsCutAwayAndTheRestStays) {
  auto log = Open();
  log->set_compact_bytes(1000);
  ASSERT_THAT(log->BeginWriter(kWriter), IsOk());
  int64_t next = 1;
  int64_t acknowledged = 0;
  uintmax_t largest = 0;
  for (int round = 0; round < 200; ++round) {
    ASSERT_THAT(log->Append(next, 1, Batch(next, 0.5)), IsOk());
    ++next;
    if (round < 3) continue;  // some are always on their way
    const auto record = log->Read(log->acknowledged());
    ASSERT_THAT(record, IsOk());
    ASSERT_EQ(record->number, ++acknowledged);
    const int64_t end = log->end();
    const auto moved = log->Acknowledge(record->end, kWriter);
    ASSERT_THAT(moved, IsOk());
    EXPECT_EQ(log->end(), end - *moved);
    largest = std::max(largest, std::filesystem::file_size(scratch_.path()));
  }
  EXPECT_LT(largest, 1500u);
  EXPECT_THAT(MetricLogFile::Open(scratch_.path(), true),
              StatusIs(absl::StatusCode::kFailedPrecondition))
      << "the file that took its place is locked too";
  log.reset();
  log = Open();
  EXPECT_EQ(log->waiting_batches(), 3);
  EXPECT_EQ(log->Read(log->acknowledged())->number, acknowledged + 1);
  EXPECT_FALSE(std::filesystem::exists(scratch_.path() + ".new"));
}

}  // namespace
}  // namespace cairn::client

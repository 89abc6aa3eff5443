// Any bytes as an offline log of metrics: no crash, records in ascending places, and what
// was read reads the same when the rest is cut off.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "lib/client/metric_log_format.h"

namespace {

using cairn::client::MetricLogRecord;
using cairn::client::MetricLogScanner;
using cairn::client::MetricLogSource;

void Require(bool holds) {
  if (!holds) std::abort();
}

MetricLogSource SourceOf(std::string_view bytes) {
  return {static_cast<int64_t>(bytes.size()), [bytes](int64_t offset, size_t size) {
            const size_t begin = std::min(static_cast<size_t>(offset), bytes.size());
            return absl::StatusOr<std::string>(std::string(bytes.substr(begin, size)));
          }};
}

// The records of a log; `end` is where the last whole one ends, -1 without a header.
std::vector<MetricLogRecord> ScanAll(std::string_view bytes, int64_t* end, bool* damaged) {
  std::vector<MetricLogRecord> records;
  MetricLogScanner scanner(SourceOf(bytes));
  const auto header = scanner.ReadHeader();
  *end = -1;
  *damaged = !header.ok();
  if (!header.ok() || !*header) return records;
  Require(scanner.acknowledged() >= scanner.offset());
  while (true) {
    MetricLogRecord record;
    const auto more = scanner.Next(&record);
    *damaged = !more.ok();
    if (!more.ok() || !*more) break;
    Require(record.end > record.offset && record.end == scanner.offset());
    Require(records.empty() || records.back().end == record.offset);
    records.push_back(std::move(record));
  }
  *end = scanner.offset();
  Require(*end <= static_cast<int64_t>(bytes.size()));
  return records;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  std::string bytes(reinterpret_cast<const char*>(data), size);
  int64_t end = 0;
  bool damaged = false;
  ScanAll(bytes, &end, &damaged);

  // Checksums are hard to guess: the same input as what stands behind a header and a batch.
  cairn::v1::LogMetricsRequest batch;
  batch.add_metrics()->set_key("loss");
  const cairn::client::MetricLogWriter writer = {"00000000-0000-4000-8000-000000000001", "r"};
  const std::string whole = cairn::client::EncodeMetricLogHeader(writer) +
                            cairn::client::EncodeMetricLogBatch(1, 1, batch);
  const auto records = ScanAll(whole + bytes, &end, &damaged);
  Require(!records.empty() && records[0].number == 1);
  if (damaged) return 0;
  // Cutting a torn end off, as the file does, leaves a log that is whole.
  const std::string cut = (whole + bytes).substr(0, static_cast<size_t>(end));
  int64_t end_again = 0;
  Require(ScanAll(cut, &end_again, &damaged).size() == records.size());
  Require(!damaged && end_again == end);
  return 0;
}

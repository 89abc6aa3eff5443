#include "server/tracking/encoded_run.h"

#include <algorithm>
#include <numeric>
#include <optional>
#include <utility>

#include "cairn/internal/records.pb.h"
#include "lib/base/encoding.h"
#include "lib/base/status_macros.h"
#include "lib/base/wire_fields.h"
#include "server/metrics/summaries.h"
#include "server/storage/keyspace.h"
#include "server/storage/typed_record.h"

namespace cairn::tracking {
namespace {

using cairn::internal::MetricRecord;
using cairn::internal::RunRecord;
using cairn::internal::ValueRecord;
using cairn::v1::Run;
using storage::Cursor;
using storage::Key;
using storage::KeyRange;
using storage::Snapshot;

constexpr int kFirstField = 1;
constexpr int kSecondField = 2;
constexpr std::string_view kStringEnd("\0\x01", 2);

// The bytes of field 1 of a message that holds nothing else, which is what every
// record here is that this server wrote; nullopt for any other bytes.
std::optional<std::string_view> OnlyField(std::string_view message) {
  if (message.empty()) return message;
  if (message[0] != static_cast<char>(LengthTag(kFirstField))) return std::nullopt;
  size_t length = 0;
  int shift = 0;
  for (size_t at = 1; at < message.size() && shift < 35; shift += 7) {
    const auto byte = static_cast<uint8_t>(message[at++]);
    length |= static_cast<size_t>(byte & 0x7F) << shift;
    if (byte < 0x80) {
      return message.size() - at == length ? std::optional(message.substr(at)) : std::nullopt;
    }
  }
  return std::nullopt;
}

// As OnlyField, but parses what has another form; `scratch` keeps the bytes.
template <typename Record, typename Field>
absl::StatusOr<std::string_view> FieldOf(const Cursor& cursor, std::string& scratch,
                                         Field&& field) {
  if (auto bytes = OnlyField(cursor.record().payload)) return *bytes;
  CAIRN_ASSIGN_OR_RETURN(const auto record,
                         storage::ParseRecord<Record>(cursor.key(), cursor.record().payload));
  scratch = field(record);
  return scratch;
}

// LastStringOf without a copy, where the string holds no zero byte.
absl::StatusOr<std::string_view> LastString(const Key& prefix, std::string_view key,
                                            std::string& scratch) {
  const std::string_view rest = key.substr(std::min(key.size(), prefix.bytes.size()));
  if (rest.find('\0') + kStringEnd.size() == rest.size() && rest.back() == kStringEnd.back()) {
    return rest.substr(0, rest.size() - kStringEnd.size());
  }
  CAIRN_ASSIGN_OR_RETURN(scratch, storage::LastStringOf(prefix, key));
  return scratch;
}

// Calls `add` for each record below `prefix`, until an error.
template <typename Add>
absl::Status ForEach(Cursor& cursor, const Key& prefix, Add&& add) {
  const KeyRange range = KeyRange::Prefix(prefix);
  for (cursor.Seek(range.begin, range.end); cursor.Valid(); cursor.Next()) {
    CAIRN_RETURN_IF_ERROR(add());
  }
  return cursor.status();
}

// An entry of a map is a message of key (1) and value (2).
absl::Status AppendMap(Cursor& cursor, const Key& prefix, int field, std::string& out) {
  std::string key_scratch;
  std::string value_scratch;
  return ForEach(cursor, prefix, [&]() -> absl::Status {
    CAIRN_ASSIGN_OR_RETURN(const auto key, LastString(prefix, cursor.key(), key_scratch));
    CAIRN_ASSIGN_OR_RETURN(const auto value,
                           FieldOf<ValueRecord>(cursor, value_scratch,
                                                [](const ValueRecord& v) { return v.value(); }));
    AppendFieldHead(
        field, 2 + VarintBytes(key.size()) + key.size() + VarintBytes(value.size()) + value.size(),
        out);
    AppendField(kFirstField, key, out);
    AppendField(kSecondField, value, out);
    return absl::OkStatus();
  });
}

// What bundles have is not in the records, so the records are parsed and merged with it.
absl::Status AppendBundled(const Snapshot& snapshot, metrics::BundleReader& bundles,
                           std::string_view run_id, std::string& out) {
  CAIRN_ASSIGN_OR_RETURN(const auto summaries, metrics::ReadSummaries(snapshot, bundles, run_id));
  for (const auto& summary : summaries) {
    AppendField(Run::kMetricsFieldNumber, summary.SerializeAsString(), out);
  }
  return absl::OkStatus();
}

absl::Status AppendMetrics(Cursor& cursor, const Key& prefix, std::string& out) {
  std::string scratch;
  return ForEach(cursor, prefix, [&]() -> absl::Status {
    CAIRN_ASSIGN_OR_RETURN(const auto summary,
                           FieldOf<MetricRecord>(cursor, scratch, [](const MetricRecord& m) {
                             return m.summary().SerializeAsString();
                           }));
    AppendField(Run::kMetricsFieldNumber, summary, out);
    return absl::OkStatus();
  });
}

// The run's own record, which is small and has more than one field.
absl::StatusOr<std::shared_ptr<EncodedRun>> EncodeOwn(const Key& key,
                                                      const storage::Record& stored) {
  CAIRN_ASSIGN_OR_RETURN(auto record, storage::ParseRecord<RunRecord>(key.bytes, stored.payload));
  auto encoded = std::make_shared<EncodedRun>();
  encoded->experiment_id = record.experiment_id();
  record.mutable_run()->set_etag(EtagOf(stored.mod_revision));
  encoded->bytes = record.run().SerializeAsString();
  return encoded;
}

}  // namespace

absl::StatusOr<std::vector<EncodedRunPtr>> EncodeRuns(
    const Snapshot& snapshot, const std::vector<std::string_view>& run_ids) {
  std::vector<Key> keys;
  keys.reserve(run_ids.size());
  for (const std::string_view id : run_ids) keys.push_back(storage::RunKey(id));
  CAIRN_ASSIGN_OR_RETURN(const auto records, snapshot.MultiGet(keys));
  std::vector<std::shared_ptr<EncodedRun>> runs(run_ids.size());
  std::vector<size_t> present;
  for (size_t i = 0; i < runs.size(); ++i) {
    if (!records[i]) continue;
    CAIRN_ASSIGN_OR_RETURN(runs[i], EncodeOwn(keys[i], *records[i]));
    present.push_back(i);
  }
  std::sort(present.begin(), present.end(),
            [&](size_t a, size_t b) { return run_ids[a] < run_ids[b]; });
  const auto cursor = snapshot.NewCursor(storage::Family::kRecord);
  for (const size_t i : present) {
    CAIRN_RETURN_IF_ERROR(AppendMap(*cursor, storage::RunParamPrefix(run_ids[i]),
                                    Run::kParamsFieldNumber, runs[i]->bytes));
  }
  for (const size_t i : present) {
    CAIRN_RETURN_IF_ERROR(AppendMap(*cursor, storage::RunTagPrefix(run_ids[i]),
                                    Run::kTagsFieldNumber, runs[i]->bytes));
  }
  metrics::BundleReader bundles(snapshot);
  for (const size_t i : present) {
    CAIRN_ASSIGN_OR_RETURN(const bool bundled, bundles.Has(run_ids[i]));
    CAIRN_RETURN_IF_ERROR(
        bundled ? AppendBundled(snapshot, bundles, run_ids[i], runs[i]->bytes)
                : AppendMetrics(*cursor, storage::RunMetricPrefix(run_ids[i]), runs[i]->bytes));
  }
  const storage::Revision revision = present.empty() ? 0 : snapshot.revision();
  for (const size_t i : present) {
    runs[i]->revision = revision;
    runs[i]->bytes.shrink_to_fit();
  }
  return std::vector<EncodedRunPtr>(runs.begin(), runs.end());
}

}  // namespace cairn::tracking

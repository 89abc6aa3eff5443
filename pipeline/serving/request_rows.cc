#include "pipeline/serving/request_rows.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "lib/base/clock.h"
#include "lib/base/encoding.h"
#include "pipeline/serving/answers.h"
#include "pipeline/serving/number_text.h"

namespace cairn::pipeline::serving {
namespace {

constexpr int kAnswered = 200;

std::string SecondsText(int64_t nanos) { return ShortestDouble(static_cast<double>(nanos) / 1e9); }

std::string RowHead(int64_t unix_nanos, int status, std::string_view model_version) {
  return fmt::format(R"({{"time":"{}","status":{},"model_version":{})", FormatRfc3339(unix_nanos),
                     status, JsonText(model_version));
}

}  // namespace

bool MayBeginRow(std::string_view begin) {
  const auto take = [&begin](std::string_view text) {
    const size_t size = std::min(begin.size(), text.size());
    if (begin.substr(0, size) != text.substr(0, size)) return false;
    begin.remove_prefix(size);
    return true;
  };
  const auto pass_over = [&begin](std::string_view bytes) {
    begin.remove_prefix(std::min(begin.find_first_not_of(bytes), begin.size()));
  };
  if (!take(R"({"time":")")) return false;
  pass_over("0123456789-:.TZ");
  if (!take(R"(","status":)")) return false;
  pass_over("0123456789");
  return take(R"(,"model_version":)");
}

RowWriter::RowWriter(const std::vector<std::string>& columns) {
  for (const std::string& column : columns) {
    keys_.push_back((keys_.empty() ? "" : ",") + JsonText(column) + ":");
  }
}

void RowWriter::Append(const PredictionRow& row, std::string* out) {
  if (row.unix_nanos != unix_nanos_ || row.latency_nanos != latency_nanos_ ||
      row.model_version != model_version_) {
    unix_nanos_ = row.unix_nanos;
    latency_nanos_ = row.latency_nanos;
    model_version_ = row.model_version;
    head_ = RowHead(unix_nanos_, kAnswered, model_version_) + R"(,"segment":)";
    middle_ = fmt::format(R"(,"latency_seconds":{},"inputs":{{)", SecondsText(latency_nanos_));
  }
  *out += head_;
  char segment[16];
  out->append(segment, std::to_chars(segment, segment + sizeof(segment), row.segment).ptr);
  *out += R"(,"distance":)";
  AppendNumber(row.distance, out);
  *out += middle_;
  for (size_t i = 0; i < keys_.size(); ++i) {
    *out += keys_[i];
    AppendNumber(row.inputs[i], out);
  }
  *out += "}}\n";
}

void AppendRefusal(const Refusal& refusal, std::string* out) {
  *out += RowHead(refusal.unix_nanos, refusal.status, refusal.model_version);
  *out += fmt::format(R"(,"latency_seconds":{},"reason":{},"message":{}}})",
                      SecondsText(refusal.latency_nanos), JsonText(refusal.reason),
                      JsonText(refusal.message));
  *out += '\n';
}

}  // namespace cairn::pipeline::serving

#include "pipeline/serving/request_rows.h"

#include <fmt/format.h>

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

void AppendRowNumber(double value, std::string* out) {
  char text[kNumberTextRoom];
  out->append(text, WriteNumber(value, text));
}

}  // namespace

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
  AppendRowNumber(row.distance, out);
  *out += middle_;
  for (size_t i = 0; i < keys_.size(); ++i) {
    *out += keys_[i];
    AppendRowNumber(row.inputs[i], out);
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

#include "pipeline/serving/answers.h"

#include <fmt/format.h>

#include <charconv>
#include <cstring>

#include "lib/base/encoding.h"
#include "lib/base/errors.h"
#include "pipeline/serving/number_text.h"

namespace cairn::pipeline::serving {
namespace {

constexpr size_t kSegmentRoom = 12;  // a number of 32 bits and a comma
constexpr std::string_view kBegin = R"({"predictions":[)";
constexpr std::string_view kEnd = "]}";

char* Put(std::string_view text, char* at) {
  std::memcpy(at, text.data(), text.size());
  return at + text.size();
}

// The last comma becomes the end.
void Finish(char* at, bool any, std::string* out) {
  at = Put(kEnd, any ? at - 1 : at);
  out->resize(static_cast<size_t>(at - out->data()));
}

int StatusOf(const absl::Status& error) {
  if (HasReason(error, ErrorReason::TOO_LARGE)) return 413;
  if (error.code() == absl::StatusCode::kUnimplemented) return 415;
  return http::HttpStatus(error.code());
}

}  // namespace

std::string JsonText(std::string_view text) {
  const bool valid = IsValidUtf8(text);
  std::string out = "\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out += {'\\', c};
    } else if (byte < 0x20 || byte == 0x7f) {
      out += fmt::format("\\u{:04x}", byte);
    } else if (byte >= 0x80 && !valid) {
      out += "\\ufffd";
    } else {
      out += c;
    }
  }
  return out + "\"";
}

std::string PredictionsJson(const ServedModel& model, std::span<const int32_t> segments,
                            std::span<const double> distances) {
  std::string out;
  out.resize(kBegin.size() + kEnd.size() + 1 +
             segments.size() * (model.longest_prefix() + kNumberTextRoom + 2));
  char* at = Put(kBegin, out.data());
  for (size_t i = 0; i < segments.size(); ++i) {
    at = Put(model.AnswerPrefix(segments[i]), at);
    at = WriteNumber(distances[i], at);
    at = Put("},", at);
  }
  Finish(at, !segments.empty(), &out);
  return out;
}

std::string SegmentsJson(std::span<const int32_t> segments) {
  std::string out;
  out.resize(kBegin.size() + kEnd.size() + 1 + kSegmentRoom * segments.size());
  char* at = Put(kBegin, out.data());
  for (const int32_t segment : segments) {
    at = std::to_chars(at, at + kSegmentRoom, segment).ptr;
    *at++ = ',';
  }
  Finish(at, !segments.empty(), &out);
  return out;
}

http::Response RefusalResponse(const absl::Status& error) {
  const int status = StatusOf(error);
  const auto message = error.message();
  std::string json =
      fmt::format(R"({{"error":{{"code":{},"status":{},"reason":{},"message":{})", status,
                  JsonText(absl::StatusCodeToString(error.code())), JsonText(ReasonOf(error)),
                  JsonText(std::string_view(message.data(), message.size())));
  if (const std::string at = MetadataOf(error, "instance"); !at.empty()) {
    json += fmt::format(R"(,"instance":{})", at);
  }
  const std::string column = MetadataOf(error, "column");
  const std::string field = column.empty() ? MetadataOf(error, "field") : column;
  if (!field.empty()) json += ",\"field\":" + JsonText(field);
  for (const char* key : {"value", "rule"}) {
    const std::string value = MetadataOf(error, key);
    if (!value.empty()) json += fmt::format(",\"{}\":{}", key, JsonText(value));
  }
  return http::JsonResponse(json + "}}", status);
}

}  // namespace cairn::pipeline::serving

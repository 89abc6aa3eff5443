#include "pipeline/report/report_json.h"

#include <fmt/format.h>

#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>
#include <utility>

#include "lib/base/errors.h"
#include "lib/base/status_macros.h"
#include "pipeline/report/report_check.h"
#include "pipeline/report/report_fields.h"

namespace cairn::pipeline {
namespace {

using Json = nlohmann::ordered_json;
// Reading has a sorted map: an object of many keys takes an ordered one quadratic time.
using Parsed = nlohmann::json;

// The largest count: doubles hold every whole number up to here.
constexpr uint64_t kMostCount = uint64_t{1} << 53;

absl::Status MalformedAt(const std::string& place, std::string_view rule) {
  return Error(absl::StatusCode::kInvalidArgument, ErrorReason::DATA_MALFORMED,
               fmt::format("the report's {} must be {}", place, rule))
      .With("field", place)
      .Field(place, rule);
}

// Writing: ToJson turns each type of a report into JSON.
Json ToJson(bool value) { return value; }
Json ToJson(int value) { return value; }
Json ToJson(int64_t value) { return value; }
Json ToJson(double value) { return std::isfinite(value) ? Json(value) : Json(nullptr); }
Json ToJson(const std::string& value) { return value; }
template <typename T>
Json ToJson(const T& value);
template <typename T>
Json ToJson(const std::vector<T>& values);
template <typename T, size_t n>
Json ToJson(const std::array<T, n>& values);
template <typename T>
Json ToJson(const std::map<std::string, T>& values);
template <typename T>
Json ToJson(const std::pair<std::string, T>& value);
template <typename T>
Json ToJson(const std::optional<T>& value);

struct FieldWriter {
  template <typename T>
  void operator()(const char* name, const T& value) {
    out[name] = ToJson(value);
  }
  Json out = Json::object();
};

template <typename T>
Json ToJson(const T& value) {
  FieldWriter writer;
  VisitFields(writer, value);
  return std::move(writer.out);
}

template <typename Range>
Json ArrayOf(const Range& values) {
  Json out = Json::array();
  for (const auto& value : values) out.push_back(ToJson(value));
  return out;
}

template <typename T>
Json ToJson(const std::vector<T>& values) {
  return ArrayOf(values);
}
template <typename T, size_t n>
Json ToJson(const std::array<T, n>& values) {
  return ArrayOf(values);
}
template <typename T>
Json ToJson(const std::map<std::string, T>& values) {
  Json out = Json::object();
  for (const auto& [key, value] : values) out[key] = ToJson(value);
  return out;
}
template <typename T>
Json ToJson(const std::pair<std::string, T>& value) {
  return Json::array({ToJson(value.first), ToJson(value.second)});
}
template <typename T>
Json ToJson(const std::optional<T>& value) {
  return value ? ToJson(*value) : Json(nullptr);
}

// Reading: one overload of Read for each type; `place` is where the value stands.
absl::Status Read(const Parsed& json, const std::string& place, bool* value) {
  if (!json.is_boolean()) return MalformedAt(place, "true or false");
  *value = json.get<bool>();
  return absl::OkStatus();
}

absl::Status Read(const Parsed& json, const std::string& place, int64_t* value) {
  if (!json.is_number_unsigned() || json.get<uint64_t>() > kMostCount) {
    return MalformedAt(place, "a whole number from 0 to 2^53");
  }
  *value = json.get<int64_t>();
  return absl::OkStatus();
}

absl::Status Read(const Parsed& json, const std::string& place, int* value) {
  int64_t wide = 0;
  CAIRN_RETURN_IF_ERROR(Read(json, place, &wide));
  if (wide > std::numeric_limits<int>::max()) return MalformedAt(place, "below 2^31");
  *value = static_cast<int>(wide);
  return absl::OkStatus();
}

absl::Status Read(const Parsed& json, const std::string& place, double* value) {
  if (!json.is_null() && !json.is_number()) return MalformedAt(place, "a number or null");
  *value = json.is_null() ? std::numeric_limits<double>::quiet_NaN() : json.get<double>();
  return absl::OkStatus();
}

absl::Status Read(const Parsed& json, const std::string& place, std::string* value) {
  if (!json.is_string()) return MalformedAt(place, "a string");
  *value = json.get<std::string>();
  return absl::OkStatus();
}

template <typename T>
absl::Status Read(const Parsed& json, const std::string& place, T* value);
template <typename T>
absl::Status Read(const Parsed& json, const std::string& place, std::vector<T>* values);
template <typename T, size_t n>
absl::Status Read(const Parsed& json, const std::string& place, std::array<T, n>* values);
template <typename T>
absl::Status Read(const Parsed& json, const std::string& place, std::map<std::string, T>* values);
template <typename T>
absl::Status Read(const Parsed& json, const std::string& place, std::pair<std::string, T>* value);
template <typename T>
absl::Status Read(const Parsed& json, const std::string& place, std::optional<T>* value);

// Reads the fields of an object until one is wrong.
struct FieldReader {
  template <typename T>
  void operator()(const char* name, T& value) {
    if (!status.ok()) return;
    const std::string at = place.empty() ? name : fmt::format("{}.{}", place, name);
    const auto found = json.find(name);
    status = found == json.end() ? MalformedAt(at, "there") : Read(*found, at, &value);
  }
  const Parsed& json;
  const std::string& place;
  absl::Status status;
};

template <typename T>
absl::Status Read(const Parsed& json, const std::string& place, T* value) {
  if (!json.is_object()) return MalformedAt(place, "an object");
  FieldReader reader = {json, place, absl::OkStatus()};
  VisitFields(reader, *value);
  return reader.status;
}

template <typename T>
absl::Status ReadElement(const Parsed& json, const std::string& place, size_t i, T* value) {
  return Read(json[i], fmt::format("{}[{}]", place, i), value);
}

template <typename T>
absl::Status Read(const Parsed& json, const std::string& place, std::vector<T>* values) {
  if (!json.is_array()) return MalformedAt(place, "a list");
  values->clear();
  values->reserve(json.size());
  for (size_t i = 0; i < json.size(); ++i) {
    T value{};
    CAIRN_RETURN_IF_ERROR(ReadElement(json, place, i, &value));
    values->push_back(std::move(value));
  }
  return absl::OkStatus();
}

template <typename T, size_t n>
absl::Status Read(const Parsed& json, const std::string& place, std::array<T, n>* values) {
  if (!json.is_array() || json.size() != n) {
    return MalformedAt(place, fmt::format("a list of {}", n));
  }
  for (size_t i = 0; i < n; ++i) {
    CAIRN_RETURN_IF_ERROR(ReadElement(json, place, i, &(*values)[i]));
  }
  return absl::OkStatus();
}

template <typename T>
absl::Status Read(const Parsed& json, const std::string& place, std::map<std::string, T>* values) {
  if (!json.is_object()) return MalformedAt(place, "an object");
  for (const auto& [key, element] : json.items()) {
    CAIRN_RETURN_IF_ERROR(Read(element, fmt::format("{}.{}", place, key), &(*values)[key]));
  }
  return absl::OkStatus();
}

template <typename T>
absl::Status Read(const Parsed& json, const std::string& place, std::pair<std::string, T>* value) {
  if (!json.is_array() || json.size() != 2) return MalformedAt(place, "a name and a value");
  CAIRN_RETURN_IF_ERROR(ReadElement(json, place, 0, &value->first));
  return ReadElement(json, place, 1, &value->second);
}

template <typename T>
absl::Status Read(const Parsed& json, const std::string& place, std::optional<T>* value) {
  if (json.is_null()) return absl::OkStatus();
  return Read(json, place, &value->emplace());
}

std::string TextOf(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
}

// `value` as an object with the number of the format before its fields.
template <typename T>
std::string Formatted(const T& value) {
  FieldWriter writer;
  writer("format", kReportFormat);
  VisitFields(writer, value);
  return TextOf(writer.out);
}

absl::Status CheckFormat(const Parsed& json) {
  const auto format = json.find("format");
  if (format == json.end() || !format->is_number_unsigned() || format->get<uint64_t>() == 0) {
    return MalformedAt("format", "a whole number from 1 on");
  }
  if (format->get<uint64_t>() > kReportFormat) {
    return Error(absl::StatusCode::kInvalidArgument, ErrorReason::DATA_MALFORMED,
                 fmt::format("the report has format {}, and this program reads up to {}: a newer "
                             "program wrote it",
                             format->get<uint64_t>(), kReportFormat))
        .With("format", std::to_string(format->get<uint64_t>()));
  }
  return absl::OkStatus();
}

}  // namespace

std::string ReportJson(const ReportData& data) { return Formatted(data); }

std::string ProfilesJson(const SegmentProfiles& profiles) { return Formatted(profiles); }

absl::StatusOr<ReportData> ParseReportJson(std::string_view text) {
  const Parsed json = Parsed::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!json.is_object()) {
    return Error(absl::StatusCode::kInvalidArgument, ErrorReason::DATA_MALFORMED,
                 "the report is not a JSON object");
  }
  CAIRN_RETURN_IF_ERROR(CheckFormat(json));
  ReportData data;
  CAIRN_RETURN_IF_ERROR(Read(json, "", &data));
  CAIRN_RETURN_IF_ERROR(CheckReport(data));
  return data;
}

}  // namespace cairn::pipeline

#include "server/mlflow/request.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>
#include <utility>

#include "fmt/format.h"
#include "lib/base/encoding.h"
#include "lib/mlflow/bounded_json.h"
#include "nlohmann/json.hpp"
#include "server/mlflow/error.h"

namespace cairn::mlflow {
namespace {

using Json = nlohmann::json;

std::string Dump(const Json& value) {
  return value.dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::string CamelOf(std::string_view name) {
  std::string camel;
  for (size_t i = 0; i < name.size(); ++i) {
    const bool up = name[i] == '_' && i + 1 < name.size();
    if (up) ++i;
    camel +=
        up && name[i] >= 'a' && name[i] <= 'z' ? static_cast<char>(name[i] - 'a' + 'A') : name[i];
  }
  return camel;
}

std::optional<double> DoubleOfText(std::string_view text) {
  if (text == "NaN" || text == "nan") return std::numeric_limits<double>::quiet_NaN();
  if (text == "Infinity" || text == "inf") return std::numeric_limits<double>::infinity();
  if (text == "-Infinity" || text == "-inf") return -std::numeric_limits<double>::infinity();
  double value = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || read.ec != std::errc() || read.ptr != text.data() + text.size()) {
    return std::nullopt;
  }
  return std::isfinite(value) ? std::optional(value) : std::nullopt;
}

std::optional<int64_t> IntOfDouble(std::optional<double> value) {
  constexpr double kEnd = 9223372036854775808.0;  // 2^63
  if (!value.has_value() || !(*value >= -kEnd && *value < kEnd)) return std::nullopt;
  if (std::trunc(*value) != *value) return std::nullopt;
  return static_cast<int64_t>(*value);
}

void Read(const Json& value, std::optional<double>& number) {
  if (value.is_number()) number = value.get<double>();
  if (value.is_string()) number = DoubleOfText(value.get_ref<const std::string&>());
}

void Read(const Json& value, std::optional<int64_t>& number) {
  if (value.is_number_unsigned()) {
    const auto all = value.get<uint64_t>();
    if (all <= std::numeric_limits<int64_t>::max()) number = static_cast<int64_t>(all);
  } else if (value.is_number_integer()) {
    number = value.get<int64_t>();
  } else if (value.is_number_float()) {
    number = IntOfDouble(value.get<double>());
  } else if (value.is_string()) {
    const auto& text = value.get_ref<const std::string&>();
    int64_t read_number = 0;
    const auto read = std::from_chars(text.data(), text.data() + text.size(), read_number);
    const bool whole = read.ec == std::errc() && read.ptr == text.data() + text.size();
    number = whole ? std::optional(read_number) : IntOfDouble(DoubleOfText(text));
  }
}

bool IsJsonType(std::string_view type) {
  return AsciiLower(type.substr(0, type.find_first_of("; "))) == "application/json";
}

}  // namespace

const absl::Status& Fields::status() const { return request_->status_; }

void Fields::Refuse(absl::Status why) const {
  if (request_->status_.ok()) request_->status_ = std::move(why);
}

void Fields::Wrong(std::string_view name, const Json& value) const {
  Refuse(InvalidValue(Dump(value), PathOf(name)));
}

const Json* Fields::Find(std::string_view name) const {
  auto found = object_->find(name);
  if (found == object_->end()) found = object_->find(CamelOf(name));
  return found == object_->end() || found->is_null() ? nullptr : &*found;
}

bool Fields::Has(std::string_view name) const { return Find(name) != nullptr; }

std::optional<std::string> Fields::OptionalText(std::string_view name) const {
  const Json* value = Find(name);
  if (value == nullptr) return std::nullopt;
  if (value->is_array() && !value->empty() && value->front().is_string() && prefix_.empty() &&
      request_->from_query_) {
    value = &value->front();  // the first of a query's counts
  }
  if (value->is_string()) return value->get_ref<const std::string&>();
  Wrong(name, *value);
  return std::nullopt;
}

std::string Fields::Text(std::string_view name) const {
  return OptionalText(name).value_or(std::string());
}

std::string Fields::Required(std::string_view name) const {
  std::string text = Text(name);
  if (text.empty()) Refuse(MissingValue(PathOf(name)));
  return text;
}

std::string Fields::RequiredRunId() const {
  return Required(Has("run_id") || !Has("run_uuid") ? "run_id" : "run_uuid");
}

std::string Fields::RequiredId(std::string_view name) const {
  const Json* value = Find(name);
  if (value != nullptr && value->is_number_integer()) return Dump(*value);
  return Required(name);
}

template <typename Number>
std::optional<Number> Fields::NumberOf(std::string_view name) const {
  const Json* value = Find(name);
  if (value == nullptr) return std::nullopt;
  if (value->is_array() && !value->empty() && request_->from_query_) value = &value->front();
  if (value->is_string() && value->get_ref<const std::string&>().empty()) return std::nullopt;
  std::optional<Number> number;
  Read(*value, number);
  if (!number.has_value()) Wrong(name, *value);
  return number;
}

std::optional<int64_t> Fields::Int(std::string_view name) const { return NumberOf<int64_t>(name); }
std::optional<double> Fields::Double(std::string_view name) const { return NumberOf<double>(name); }

int64_t Fields::RequiredInt(std::string_view name) const {
  const auto number = Int(name);
  if (!number.has_value()) Refuse(MissingValue(PathOf(name)));
  return number.value_or(0);
}

double Fields::RequiredDouble(std::string_view name) const {
  const auto number = Double(name);
  if (!number.has_value()) Refuse(MissingValue(PathOf(name)));
  return number.value_or(0);
}

bool Fields::Bool(std::string_view name) const {
  const Json* value = Find(name);
  if (value == nullptr) return false;
  if (value->is_boolean()) return value->get<bool>();
  const Json& one = value->is_array() && !value->empty() ? value->front() : *value;
  const std::string text =
      one.is_string() ? AsciiLower(one.get_ref<const std::string&>()) : std::string();
  if (text != "true" && text != "false") Wrong(name, *value);
  return text == "true";
}

std::vector<std::string> Fields::Texts(std::string_view name) const {
  const Json* value = Find(name);
  if (value == nullptr) return {};
  std::vector<std::string> texts;
  const auto take = [&](const Json& one) {
    if (one.is_string()) {
      texts.push_back(one.get<std::string>());
    } else if (one.is_number_integer()) {
      texts.push_back(Dump(one));  // ids of old clients
    } else {
      Wrong(name, *value);
    }
  };
  if (!value->is_array()) {
    take(*value);
    return texts;
  }
  for (const Json& one : *value) take(one);
  return texts;
}

std::vector<Fields> Fields::Items(std::string_view name) const {
  const Json* value = Find(name);
  if (value == nullptr) return {};
  std::vector<Fields> items;
  if (!value->is_array()) {
    Wrong(name, *value);
    return items;
  }
  items.reserve(value->size());
  for (const Json& one : *value) {
    if (!one.is_object()) {
      Wrong(name, *value);
      return {};
    }
    items.push_back(Fields(request_, &one, fmt::format("{}[{}].", PathOf(name), items.size())));
  }
  return items;
}

std::optional<Fields> Fields::Object(std::string_view name) const {
  const Json* value = Find(name);
  if (value == nullptr) return std::nullopt;
  if (!value->is_object()) {
    Wrong(name, *value);
    return std::nullopt;
  }
  return Fields(request_, value, PathOf(name) + ".");
}

Request::Request(const http::Request& request) : root_(std::make_unique<Json>(Json::object())) {
  from_query_ = request.method == "GET";
  from_query_ ? TakeQuery(request) : ParseBody(request);
  TakePath(request);
}

Request::~Request() = default;

void Request::ParseBody(const http::Request& request) {
  const std::string* type = request.Header("content-type");
  const bool checked = request.method == "POST" || request.method == "PUT";
  if (checked && (type == nullptr || !IsJsonType(*type))) {
    status_ = Refuse(kInvalidParameter, "Bad Request. Content-Type must be 'application/json'.");
    return;
  }
  const std::string* packed = request.Header("content-encoding");
  if (packed != nullptr && *packed != "identity") {
    status_ = Refuse(kInvalidParameter, "The body must not have a Content-Encoding.");
    return;
  }
  if (request.body.empty()) return;
  Json body = ParseJson(request.body);
  if (body.is_string()) body = ParseJson(body.get<std::string>());
  if (body.is_object()) {
    *root_ = std::move(body);
  } else {
    status_ = Refuse(kInvalidParameter, "The body must be a JSON object.");
  }
}

// What the path names is meant, whatever else the request says.
void Request::TakePath(const http::Request& request) {
  for (const auto& [name, value] : request.params) {
    if (!IsValidUtf8(value)) {
      status_ = Refuse(kInvalidParameter, "The path must be UTF-8.");
      return;
    }
    (*root_)[name] = from_query_ ? Json::array({value}) : Json(value);
  }
}

void Request::TakeQuery(const http::Request& request) {
  for (const auto& [name, value] : request.query) {
    if (!IsValidUtf8(name) || !IsValidUtf8(value)) {
      status_ = Refuse(kInvalidParameter, "The query must be UTF-8.");
      return;
    }
    Json& values = (*root_)[name];
    if (!values.is_array()) values = Json::array();
    values.push_back(value);
  }
}

}  // namespace cairn::mlflow

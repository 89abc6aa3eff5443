#include "server/gateway/json_writer.h"

#include <cmath>
#include <cstdint>
#include <iterator>
#include <string_view>
#include <vector>

#include "fmt/format.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/duration.pb.h"
#include "google/protobuf/timestamp.pb.h"
#include "google/protobuf/util/json_util.h"
#include "google/protobuf/util/time_util.h"
#include "lib/base/encoding.h"
#include "server/gateway/connect_codec.h"
#include "server/gateway/json_text.h"

namespace cairn::gateway {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;
using google::protobuf::util::TimeUtil;

// A float has its own shortest form, which is not that of the double it converts to.
void AppendFloat(float value, std::string& json) {
  if (!std::isfinite(value)) return AppendJsonDouble(value, json);
  fmt::format_to(std::back_inserter(json), "{}", value);
}

// Padded, as the form asks for.
void AppendBytes(const std::string& bytes, std::string& json) {
  const std::string text = Base64Encode(bytes);
  json += '"';
  json += text;
  json.append((4 - text.size() % 4) % 4, '=');
  json += '"';
}

void AppendEnum(const FieldDescriptor& field, int number, std::string& json) {
  const auto* value = field.enum_type()->FindValueByNumber(number);
  if (value != nullptr) return AppendJsonString(value->name(), json);
  json += std::to_string(number);  // of a later version
}

// One value of a field: `get(single, repeated)` calls whichever of the reflection's two functions
// fits the field.
template <typename Get>
bool AppendValue(const FieldDescriptor& field, const Get& get, std::string& json) {
  const auto to = std::back_inserter(json);
  switch (field.cpp_type()) {
    case FieldDescriptor::CPPTYPE_INT32:
      fmt::format_to(to, "{}", get(&Reflection::GetInt32, &Reflection::GetRepeatedInt32));
      return true;
    case FieldDescriptor::CPPTYPE_UINT32:
      fmt::format_to(to, "{}", get(&Reflection::GetUInt32, &Reflection::GetRepeatedUInt32));
      return true;
    case FieldDescriptor::CPPTYPE_INT64:
      fmt::format_to(to, "\"{}\"", get(&Reflection::GetInt64, &Reflection::GetRepeatedInt64));
      return true;
    case FieldDescriptor::CPPTYPE_UINT64:
      fmt::format_to(to, "\"{}\"", get(&Reflection::GetUInt64, &Reflection::GetRepeatedUInt64));
      return true;
    case FieldDescriptor::CPPTYPE_DOUBLE:
      AppendJsonDouble(get(&Reflection::GetDouble, &Reflection::GetRepeatedDouble), json);
      return true;
    case FieldDescriptor::CPPTYPE_FLOAT:
      AppendFloat(get(&Reflection::GetFloat, &Reflection::GetRepeatedFloat), json);
      return true;
    case FieldDescriptor::CPPTYPE_BOOL:
      json += get(&Reflection::GetBool, &Reflection::GetRepeatedBool) ? "true" : "false";
      return true;
    case FieldDescriptor::CPPTYPE_ENUM:
      AppendEnum(field, get(&Reflection::GetEnumValue, &Reflection::GetRepeatedEnumValue), json);
      return true;
    case FieldDescriptor::CPPTYPE_STRING: {
      const std::string text = get(&Reflection::GetString, &Reflection::GetRepeatedString);
      field.type() == FieldDescriptor::TYPE_BYTES ? AppendBytes(text, json)
                                                  : AppendJsonString(text, json);
      return true;
    }
    case FieldDescriptor::CPPTYPE_MESSAGE:
      return false;  // AppendField has them
  }
  return false;
}

bool AppendSingle(const Message& message, const FieldDescriptor& field, std::string& json) {
  const Reflection& fields = *message.GetReflection();
  if (field.cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE) {
    return AppendJson(fields.GetMessage(message, &field), json);
  }
  const auto get = [&](auto single, auto) { return (fields.*single)(message, &field); };
  return AppendValue(field, get, json);
}

bool AppendElement(const Message& message, const FieldDescriptor& field, int i, std::string& json) {
  const Reflection& fields = *message.GetReflection();
  if (field.cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE) {
    return AppendJson(fields.GetRepeatedMessage(message, &field, i), json);
  }
  const auto get = [&](auto, auto repeated) { return (fields.*repeated)(message, &field, i); };
  return AppendValue(field, get, json);
}

// Keys are strings in JSON, whatever they are.
bool AppendEntry(const Message& entry, std::string& json) {
  const FieldDescriptor& key = *entry.GetDescriptor()->map_key();
  std::string text;
  if (!AppendSingle(entry, key, text)) return false;
  json += text.starts_with('"') ? text : '"' + text + '"';
  json += ':';
  return AppendSingle(entry, *entry.GetDescriptor()->map_value(), json);
}

bool AppendField(const Message& message, const FieldDescriptor& field, std::string& json) {
  if (!field.is_repeated()) return AppendSingle(message, field, json);
  const Reflection& fields = *message.GetReflection();
  const int count = fields.FieldSize(message, &field);
  json += field.is_map() ? '{' : '[';
  for (int i = 0; i < count; ++i) {
    if (i > 0) json += ',';
    const bool written = field.is_map()
                             ? AppendEntry(fields.GetRepeatedMessage(message, &field, i), json)
                             : AppendElement(message, field, i, json);
    if (!written) return false;
  }
  json += field.is_map() ? '}' : ']';
  return true;
}

bool AppendFields(const Message& message, std::string& json) {
  std::vector<const FieldDescriptor*> set;
  message.GetReflection()->ListFields(message, &set);
  char before = '{';
  for (const FieldDescriptor* field : set) {
    json += before;
    AppendJsonString(field->json_name(), json);
    json += ':';
    if (!AppendField(message, *field, json)) return false;
    before = ',';
  }
  json += set.empty() ? "{}" : "}";
  return true;
}

bool AppendByLibrary(const Message& message, std::string& json) {
  std::string text;
  if (!google::protobuf::util::MessageToJsonString(message, &text).ok()) return false;
  json += text;
  return true;
}

bool AppendTime(const google::protobuf::Timestamp& time, std::string& json) {
  if (time.seconds() < TimeUtil::kTimestampMinSeconds ||
      time.seconds() > TimeUtil::kTimestampMaxSeconds || time.nanos() < 0 ||
      time.nanos() > 999'999'999) {
    return false;
  }
  json += '"' + TimeUtil::ToString(time) + '"';
  return true;
}

// The library decides about those that are out of range or have two signs.
bool AppendDuration(const google::protobuf::Duration& duration, std::string& json) {
  if (duration.seconds() < 0 || duration.seconds() > TimeUtil::kDurationMaxSeconds ||
      duration.nanos() < 0 || duration.nanos() > 999'999'999) {
    return AppendByLibrary(duration, json);
  }
  json += '"' + TimeUtil::ToString(duration) + '"';
  return true;
}

}  // namespace

bool AppendJson(const Message& message, std::string& json) {
  if (const auto* time = dynamic_cast<const google::protobuf::Timestamp*>(&message)) {
    return AppendTime(*time, json);
  }
  if (const auto* duration = dynamic_cast<const google::protobuf::Duration*>(&message)) {
    return AppendDuration(*duration, json);
  }
  if (message.GetDescriptor()->well_known_type() != Descriptor::WELLKNOWNTYPE_UNSPECIFIED) {
    return AppendByLibrary(message, json);
  }
  return AppendFields(message, json);
}

}  // namespace cairn::gateway

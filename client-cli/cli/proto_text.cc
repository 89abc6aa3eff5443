#include "client-cli/cli/proto_text.h"

#include <google/protobuf/util/json_util.h>
#include <yaml-cpp/yaml.h>

#include <map>
#include <nlohmann/json.hpp>
#include <utility>

namespace cairn::cli {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using nlohmann::ordered_json;

const FieldDescriptor* ListField(const Message& message) {
  const auto* descriptor = message.GetDescriptor();
  if (descriptor->FindFieldByName("next_page_token") == nullptr) return nullptr;
  const auto* field = descriptor->FindFieldByNumber(1);
  const bool list =
      field != nullptr && field->is_repeated() && field->type() == FieldDescriptor::TYPE_MESSAGE;
  return list ? field : nullptr;
}

void SortMaps(const Descriptor& type, ordered_json& json);

void SortKeys(ordered_json& json) {
  std::map<std::string, ordered_json> sorted;
  for (auto& [key, value] : json.items()) sorted[key] = std::move(value);
  json = ordered_json::object();
  for (auto& [key, value] : sorted) json[key] = std::move(value);
}

void SortAllKeys(ordered_json& json) {
  if (json.is_object()) SortKeys(json);
  for (ordered_json& value : json) {
    if (value.is_structured()) SortAllKeys(value);
  }
}

void SortMapsOf(const FieldDescriptor& field, ordered_json& json) {
  if (field.is_map()) {
    SortKeys(json);
    const FieldDescriptor& value = *field.message_type()->map_value();
    if (value.message_type() == nullptr) return;
    for (auto& [key, entry] : json.items()) SortMaps(*value.message_type(), entry);
  } else if (field.message_type() != nullptr && field.is_repeated()) {
    for (ordered_json& element : json) SortMaps(*field.message_type(), element);
  } else if (field.message_type() != nullptr) {
    SortMaps(*field.message_type(), json);
  }
}

// Protobuf writes the entries of a map in an order that differs from process to process.
void SortMaps(const Descriptor& type, ordered_json& json) {
  if (!json.is_object()) return;
  if (type.full_name() == "google.protobuf.Struct") return SortAllKeys(json);
  if (type.full_name() == "google.protobuf.Any") {
    const std::string url = json.value("@type", "");
    const auto* held = google::protobuf::DescriptorPool::generated_pool()->FindMessageTypeByName(
        url.substr(url.rfind('/') + 1));
    if (held != nullptr && held != &type) SortMaps(*held, json);
    return;
  }
  for (int i = 0; i < type.field_count(); ++i) {
    const auto found = json.find(type.field(i)->json_name());
    if (found != json.end()) SortMapsOf(*type.field(i), *found);
  }
}

ordered_json AsJson(const Message& message) {
  std::string text;
  google::protobuf::util::JsonPrintOptions options;
  if (!google::protobuf::util::MessageToJsonString(message, &text, options).ok()) return {};
  ordered_json json = ordered_json::parse(text, nullptr, false);
  const FieldDescriptor* list = ListField(message);
  if (list != nullptr && !json.contains(list->json_name())) {
    json[list->json_name()] = ordered_json::array();
  }
  SortMaps(*message.GetDescriptor(), json);
  return json;
}

std::string JsonText(const Message& message, bool whitespace) {
  return AsJson(message).dump(whitespace ? 1 : -1, ' ', false,
                              ordered_json::error_handler_t::replace);
}

void AddFields(const std::string& place, const ordered_json& json, Table& table) {
  if (!json.is_structured()) {
    const std::string value = json.is_string() ? json.get<std::string>() : json.dump();
    table.rows.push_back({place, place, {place, value}});
    return;
  }
  for (const auto& [key, value] : json.items()) {
    AddFields(place.empty() ? key : place + "." + key, value, table);
  }
}

void Emit(YAML::Emitter& out, const ordered_json& json) {
  if (json.is_object()) {
    out << YAML::BeginMap;
    for (const auto& [key, value] : json.items()) {
      out << YAML::Key << key << YAML::Value;
      Emit(out, value);
    }
    out << YAML::EndMap;
  } else if (json.is_array()) {
    if (json.empty()) out << YAML::Flow;
    out << YAML::BeginSeq;
    for (const auto& value : json) Emit(out, value);
    out << YAML::EndSeq;
  } else if (json.is_string()) {
    const auto& text = json.get_ref<const std::string&>();
    if (text.find('\n') != std::string::npos) {
      out << YAML::Literal << text;
    } else {
      // Quoted, so that "15", "true" and "null" stay strings.
      out << YAML::DoubleQuoted << text;
    }
  } else {
    out << json.dump();
  }
}

}  // namespace

bool IsListResponse(const Message& message) { return ListField(message) != nullptr; }

std::string ToJson(const Message& message) { return JsonText(message, true) + "\n"; }

std::string ToJsonLine(const Message& message) { return JsonText(message, false) + "\n"; }

std::string ToJsonLines(const Message& message) {
  const FieldDescriptor* list = ListField(message);
  if (list == nullptr) return ToJsonLine(message);
  std::string text;
  const auto* reflection = message.GetReflection();
  for (int i = 0; i < reflection->FieldSize(message, list); ++i) {
    text += ToJsonLine(reflection->GetRepeatedMessage(message, list, i));
  }
  return text;
}

Table ToFieldTable(const Message& message) {
  Table table;
  table.columns = {{.title = "FIELD"}, {.title = "VALUE"}};
  AddFields("", AsJson(message), table);
  return table;
}

std::string ToYaml(const Message& message) {
  YAML::Emitter out;
  Emit(out, AsJson(message));
  return std::string(out.c_str()) + "\n";
}

}  // namespace cairn::cli

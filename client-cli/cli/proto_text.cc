#include "client-cli/cli/proto_text.h"

#include <google/protobuf/util/json_util.h>
#include <yaml-cpp/yaml.h>

#include <nlohmann/json.hpp>

namespace cairn::cli {
namespace {

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

ordered_json AsJson(const Message& message) {
  std::string text;
  google::protobuf::util::JsonPrintOptions options;
  if (!google::protobuf::util::MessageToJsonString(message, &text, options).ok()) return {};
  ordered_json json = ordered_json::parse(text, nullptr, false);
  const FieldDescriptor* list = ListField(message);
  if (list != nullptr && !json.contains(list->json_name())) {
    json[list->json_name()] = ordered_json::array();
  }
  return json;
}

// Numbers keep the protobuf library's own shortest form: re-printing through
// another library might write the same double differently.
std::string JsonText(const Message& message, bool whitespace) {
  const FieldDescriptor* list = ListField(message);
  if (list != nullptr && message.GetReflection()->FieldSize(message, list) == 0) {
    return AsJson(message).dump(whitespace ? 1 : -1);
  }
  std::string text;
  google::protobuf::util::JsonPrintOptions options;
  options.add_whitespace = whitespace;
  if (!google::protobuf::util::MessageToJsonString(message, &text, options).ok()) return "{}";
  while (!text.empty() && text.back() == '\n') text.pop_back();
  return text;
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

std::string ToYaml(const Message& message) {
  YAML::Emitter out;
  Emit(out, AsJson(message));
  return std::string(out.c_str()) + "\n";
}

}  // namespace cairn::cli

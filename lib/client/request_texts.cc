#include "lib/client/request_texts.h"

#include <string>
#include <vector>

#include "fmt/format.h"
#include "google/protobuf/descriptor.h"
#include "lib/base/encoding.h"
#include "lib/base/errors.h"
#include "lib/base/status_macros.h"

namespace cairn::client {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;

absl::Status CheckMessage(const Message& message, const std::string& prefix);

absl::Status CheckText(const std::string& path, const std::string& text) {
  if (IsValidUtf8(text)) return absl::OkStatus();
  return InvalidField(ErrorReason::VALUE_INVALID, path, text, "must be UTF-8");
}

// Of the field's element at `index`, or of the field itself for -1.
absl::Status CheckElement(const Message& message, const FieldDescriptor& field, int index,
                          const std::string& path) {
  const auto* reflection = message.GetReflection();
  if (field.cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE) {
    return CheckMessage(index < 0 ? reflection->GetMessage(message, &field)
                                  : reflection->GetRepeatedMessage(message, &field, index),
                        path);
  }
  std::string scratch;
  return CheckText(
      path, index < 0 ? reflection->GetStringReference(message, &field, &scratch)
                      : reflection->GetRepeatedStringReference(message, &field, index, &scratch));
}

// How an element is named: by its key in a map, by its place in a list.
std::string ElementPath(const Message& message, const FieldDescriptor& field, int index,
                        const std::string& path) {
  if (!field.is_map()) return fmt::format("{}[{}]", path, index);
  const Message& entry = message.GetReflection()->GetRepeatedMessage(message, &field, index);
  const auto* key = field.message_type()->map_key();
  if (key->type() != FieldDescriptor::TYPE_STRING) return fmt::format("{}[{}]", path, index);
  return fmt::format("{}[\"{}\"]", path, entry.GetReflection()->GetString(entry, key));
}

absl::Status CheckMessage(const Message& message, const std::string& prefix) {
  std::vector<const FieldDescriptor*> fields;
  message.GetReflection()->ListFields(message, &fields);
  for (const FieldDescriptor* field : fields) {
    const bool is_message = field->cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE;
    if (!is_message && field->type() != FieldDescriptor::TYPE_STRING) continue;
    const std::string path =
        prefix.empty() ? std::string(field->name()) : fmt::format("{}.{}", prefix, field->name());
    if (!field->is_repeated()) {
      CAIRN_RETURN_IF_ERROR(CheckElement(message, *field, -1, path));
      continue;
    }
    const int size = message.GetReflection()->FieldSize(message, field);
    for (int i = 0; i < size; ++i) {
      const absl::Status status = CheckElement(message, *field, i, path);
      // The element's name is only made where it is told.
      if (!status.ok()) {
        return CheckElement(message, *field, i, ElementPath(message, *field, i, path));
      }
    }
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status CheckTexts(const Message& message) { return CheckMessage(message, ""); }

}  // namespace cairn::client

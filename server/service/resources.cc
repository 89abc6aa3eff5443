#include "server/service/resources.h"

#include "google/protobuf/descriptor.h"

namespace cairn::service {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;

void AddTexts(const Message& message, const FieldDescriptor& field,
              std::vector<std::string>& names) {
  const auto& fields = *message.GetReflection();
  if (!field.is_repeated()) {
    std::string text = fields.GetString(message, &field);
    if (!text.empty()) names.push_back(std::move(text));
    return;
  }
  for (int i = 0; i < fields.FieldSize(message, &field); ++i) {
    names.push_back(fields.GetRepeatedString(message, &field, i));
  }
}

// `path` is that of a text from field `at` on, as MethodTableBuilder has checked.
void Walk(const Message& message, const ResourcePath& path, size_t at,
          std::vector<std::string>& names) {
  const FieldDescriptor& field = *path[at];
  if (at + 1 == path.size()) return AddTexts(message, field, names);
  const auto& fields = *message.GetReflection();
  if (!field.is_repeated()) {
    if (fields.HasField(message, &field)) {
      Walk(fields.GetMessage(message, &field), path, at + 1, names);
    }
    return;
  }
  for (int i = 0; i < fields.FieldSize(message, &field); ++i) {
    Walk(fields.GetRepeatedMessage(message, &field, i), path, at + 1, names);
  }
}

}  // namespace

std::vector<std::string> ResourcesOf(const Method& method, const Message& request) {
  std::vector<std::string> names;
  for (const ResourcePath& path : method.resources) Walk(request, path, 0, names);
  return names;
}

}  // namespace cairn::service

#include "server/service/resources.h"

#include "google/protobuf/descriptor.h"
#include "lib/base/encoding.h"

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
void Walk(const Message& message, const std::vector<const FieldDescriptor*>& path, size_t at,
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

std::vector<std::string> NamesOf(const std::vector<ResourceSource>& sources,
                                 const Message& request) {
  std::vector<std::string> names;
  for (const ResourceSource& source : sources) {
    const size_t first = names.size();
    if (source.fields.empty()) {
      names.push_back(source.before);
    } else {
      Walk(request, source.fields, 0, names);
    }
    if (!source.is_id) continue;
    for (size_t i = first; i < names.size(); ++i) {
      names[i] = source.before + PercentEncode(names[i]) + source.after;
    }
  }
  return names;
}

}  // namespace

std::vector<std::string> ResourcesOf(const Method& method, const Message& request) {
  return NamesOf(method.resources, request);
}

std::vector<std::string> ReadsOf(const Method& method, const Message& request) {
  return NamesOf(method.reads, request);
}

}  // namespace cairn::service

#include "server/registry/annotations.h"

#include "fmt/format.h"
#include "lib/base/errors.h"
#include "lib/base/resource_names.h"
#include "lib/base/status_macros.h"
#include "server/registry/limits.h"

namespace cairn::registry {
namespace {

constexpr size_t kMaxTags = 1000;

absl::Status TooLong(const std::string& field, std::string_view value) {
  return InvalidField(ErrorReason::VALUE_INVALID, field, value,
                      fmt::format("must be at most {} bytes long", kMaxTextBytes));
}

// Fields that an update may name without effect, so that a whole resource can be sent back.
bool IsIdentity(std::string_view path) { return path == "name" || path == "etag"; }

}  // namespace

absl::Status CheckAnnotations(std::string_view field, const Annotations& annotations) {
  if (annotations.description.size() > kMaxTextBytes) {
    return TooLong(fmt::format("{}.description", field), annotations.description);
  }
  if (annotations.tags.size() > kMaxTags) {
    return InvalidField(ErrorReason::TOO_LARGE, fmt::format("{}.tags", field),
                        std::to_string(annotations.tags.size()),
                        fmt::format("must have at most {} entries", kMaxTags));
  }
  for (const auto& [key, value] : annotations.tags) {
    CAIRN_RETURN_IF_ERROR(ValidateHumanName(fmt::format("{}.tags key", field), key, kMaxNameBytes,
                                            /*allow_slash=*/true));
    if (value.size() > kMaxTextBytes) return TooLong(fmt::format("{}.tags.{}", field, key), value);
  }
  return absl::OkStatus();
}

absl::StatusOr<Annotations> UpdatedAnnotations(std::string_view field, const Annotations& current,
                                               const Annotations& wanted,
                                               const google::protobuf::FieldMask* mask,
                                               const google::protobuf::Descriptor& resource) {
  bool description = mask == nullptr && !wanted.description.empty();
  core::TagMask tags = mask == nullptr ? core::TagMask::OfPopulated(wanted.tags) : core::TagMask();
  if (mask != nullptr) {
    for (const std::string& path : mask->paths()) {
      CAIRN_ASSIGN_OR_RETURN(const bool about_tags, tags.Take(path));
      description = description || path == "*" || path == "description";
      if (about_tags || path == "description" || IsIdentity(path)) continue;
      const bool known = resource.FindFieldByName(path) != nullptr;
      return InvalidField(ErrorReason::UPDATE_MASK_INVALID, "update_mask", path,
                          known ? "never changes by an update: only description and tags do"
                                : "must be `*`, `description`, `tags` or `tags.KEY`")
          .ToStatus();
    }
  }
  Annotations updated = {description ? wanted.description : current.description,
                         tags.Apply(current.tags, wanted.tags)};
  CAIRN_RETURN_IF_ERROR(CheckAnnotations(field, updated));
  return updated;
}

}  // namespace cairn::registry

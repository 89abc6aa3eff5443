#ifndef CAIRN_SERVER_REGISTRY_ANNOTATIONS_H_
#define CAIRN_SERVER_REGISTRY_ANNOTATIONS_H_

#include <string>
#include <string_view>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/field_mask.pb.h"
#include "server/core/tag_mask.h"

namespace cairn::registry {

// What people say of models and of their versions, which both have alike and which alone they
// change by updates: a description and tags. Plain values and pure functions.

struct Annotations {
  std::string description;
  core::Tags tags;

  bool operator==(const Annotations& other) const {
    return description == other.description && core::SameTags(tags, other.tags);
  }
};

// Of a Model or ModelVersion.
template <typename Resource>
Annotations AnnotationsOf(const Resource& resource) {
  return {resource.description(), resource.tags()};
}

template <typename Resource>
void Annotate(Annotations annotations, Resource& resource) {
  resource.set_description(std::move(annotations.description));
  *resource.mutable_tags() = std::move(annotations.tags);
}

// At most 5,000 bytes of description, 1,000 tags with keys that are names and values of at most
// 5,000 bytes. INVALID_ARGUMENT (VALUE_INVALID, NAME_INVALID, TOO_LARGE); `field` is what errors
// call the resource.
absl::Status CheckAnnotations(std::string_view field, const Annotations& annotations);

// `current` after an update to `wanted` by `mask`, or without one of what is populated; checked.
// INVALID_ARGUMENT (UPDATE_MASK_INVALID) also for the other fields of `resource`, which never
// change.
absl::StatusOr<Annotations> UpdatedAnnotations(std::string_view field, const Annotations& current,
                                               const Annotations& wanted,
                                               const google::protobuf::FieldMask* mask,
                                               const google::protobuf::Descriptor& resource);

// The same of a request with `update_mask`.
template <typename Resource, typename Request>
absl::StatusOr<Annotations> UpdatedAnnotations(std::string_view field, const Resource& current,
                                               const Resource& wanted, const Request& request) {
  return UpdatedAnnotations(field, AnnotationsOf(current), AnnotationsOf(wanted),
                            request.has_update_mask() ? &request.update_mask() : nullptr,
                            *Resource::descriptor());
}

}  // namespace cairn::registry

#endif  // CAIRN_SERVER_REGISTRY_ANNOTATIONS_H_

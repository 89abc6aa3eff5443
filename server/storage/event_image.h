#ifndef CAIRN_SERVER_STORAGE_EVENT_IMAGE_H_
#define CAIRN_SERVER_STORAGE_EVENT_IMAGE_H_

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "google/protobuf/message.h"

namespace cairn::storage {

// The images of events: what a commit left of the resource, as bytes that stand in a
// cairn.v1.Event as they are. Whoever tells of an event joins them to the rest of it and parses
// nothing. Pure; thread-safe.

// A larger message is stood for by its digest.
inline constexpr size_t kMaxImageBytes = size_t{48} << 10;

// With more names than this the image says only that there were more.
inline constexpr size_t kMaxChangedMetrics = 64;

// The image of `message`, which is of one of the types that Event.image can hold.
std::string ImageOf(const google::protobuf::Message& message);

// The image of a commit that added points to metrics: an Event.Logged with their names.
std::string MetricsImage(const std::vector<std::string_view>& names);

// The names in such an image, as views of it; none when it names no metric, leaves some out or is
// none, so that every metric has to be read.
std::vector<std::string_view> MetricsOfImage(std::string_view image);

}  // namespace cairn::storage

#endif  // CAIRN_SERVER_STORAGE_EVENT_IMAGE_H_

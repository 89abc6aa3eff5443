#include "server/events/encoded_event.h"

#include "absl/container/flat_hash_map.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/io/coded_stream.h"
#include "google/protobuf/wire_format_lite.h"
#include "lib/base/clock.h"
#include "lib/base/encoding.h"
#include "lib/base/wire_fields.h"

namespace cairn::events {
namespace {

using google::protobuf::internal::WireFormatLite;
using google::protobuf::io::CodedInputStream;

// From the number of an image's field in Event to that of `etag` in the image.
const absl::flat_hash_map<int, int>& EtagFields() {
  static const auto& fields = *[] {
    auto* found = new absl::flat_hash_map<int, int>;
    const auto* images = v1::Event::descriptor()->FindOneofByName("image");
    for (int i = 0; i < images->field_count(); ++i) {
      const auto* etag = images->field(i)->message_type()->FindFieldByName("etag");
      if (etag != nullptr) found->emplace(images->field(i)->number(), etag->number());
    }
    return found;
  }();
  return fields;
}

// A message that comes twice is one, with the fields of both: so the etag is appended, and the
// image stays as it was stored.
void AppendEtag(const std::string& image, storage::Revision revision, std::string& bytes) {
  CodedInputStream in(reinterpret_cast<const uint8_t*>(image.data()),
                      static_cast<int>(image.size()));
  const int image_field = WireFormatLite::GetTagFieldNumber(in.ReadTag());
  const auto etag_field = EtagFields().find(image_field);
  if (etag_field == EtagFields().end()) return;
  std::string etag;
  AppendField(etag_field->second, EtagOf(revision), etag);
  AppendField(image_field, etag, bytes);
}

}  // namespace

int64_t ToldCommit::bytes() const {
  auto sum = static_cast<int64_t>(sizeof(ToldCommit));
  for (const EncodedEvent& event : events) {
    sum += static_cast<int64_t>(sizeof(EncodedEvent) + event.resource.size() + event.bytes.size());
  }
  return sum;
}

EncodedEvent EncodeEvent(storage::Revision revision, const storage::Event& event) {
  v1::Event head;
  head.set_revision(revision);
  head.set_kind(event.kind);
  head.set_resource(event.resource);
  head.set_principal(event.principal);
  if (event.commit_unix_nanos != 0) {
    *head.mutable_commit_time() = ToTimestamp(event.commit_unix_nanos);
  }
  EncodedEvent told{event.resource, event.kind, head.SerializeAsString()};
  told.bytes += event.image;
  AppendEtag(event.image, revision, told.bytes);
  return told;
}

}  // namespace cairn::events

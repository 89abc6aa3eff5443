#include "server/storage/event_image.h"

#include <optional>

#include "cairn/v1/events.pb.h"
#include "google/protobuf/io/coded_stream.h"
#include "lib/base/deterministic_bytes.h"
#include "lib/base/digest.h"
#include "lib/base/wire_fields.h"

namespace cairn::storage {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::Message;
using google::protobuf::io::CodedInputStream;

constexpr int kLogged = v1::Event::kLoggedFieldNumber;
constexpr int kMetrics = v1::Event::Logged::kMetricsFieldNumber;

int FieldFor(const Descriptor& type) {
  const auto* images = v1::Event::descriptor()->FindOneofByName("image");
  for (int i = 0; i < images->field_count(); ++i) {
    if (images->field(i)->message_type() == &type) return images->field(i)->number();
  }
  return v1::Event::kDigestFieldNumber;
}

std::string Field(int number, const Message& message) {
  std::string bytes;
  AppendField(number, DeterministicBytes(message), bytes);
  return bytes;
}

// The next field of `in` if it is text; nullopt at the end and for another field.
std::optional<std::string_view> NextText(CodedInputStream& in, std::string_view bytes, int field) {
  uint32_t size = 0;
  if (in.ReadTag() != LengthTag(field) || !in.ReadVarint32(&size)) return std::nullopt;
  const auto begin = static_cast<size_t>(in.CurrentPosition());
  if (size > bytes.size() - begin || !in.Skip(static_cast<int>(size))) return std::nullopt;
  return bytes.substr(begin, size);
}

CodedInputStream Reader(std::string_view bytes) {
  return CodedInputStream(reinterpret_cast<const uint8_t*>(bytes.data()),
                          static_cast<int>(bytes.size()));
}

}  // namespace

std::string ImageOf(const Message& message) {
  const size_t size = message.ByteSizeLong();
  if (size <= kMaxImageBytes) return Field(FieldFor(*message.GetDescriptor()), message);
  v1::Event::Digest digest;
  digest.set_sha256(Sha256Hex(message.SerializeAsString()));
  digest.set_size_bytes(static_cast<int64_t>(size));
  return Field(v1::Event::kDigestFieldNumber, digest);
}

std::string MetricsImage(const std::vector<std::string_view>& names) {
  if (names.size() > kMaxChangedMetrics) {
    v1::Event::Logged logged;
    logged.set_more_metrics(true);
    return Field(kLogged, logged);
  }
  // With every commit of points, so without a message.
  std::string logged;
  for (const std::string_view name : names) AppendField(kMetrics, name, logged);
  std::string image;
  AppendField(kLogged, logged, image);
  return image;
}

std::vector<std::string_view> MetricsOfImage(std::string_view image) {
  CodedInputStream outer = Reader(image);
  const auto logged = NextText(outer, image, kLogged);
  if (!logged || outer.CurrentPosition() != static_cast<int>(image.size())) return {};
  std::vector<std::string_view> names;
  CodedInputStream inner = Reader(*logged);
  while (inner.CurrentPosition() != static_cast<int>(logged->size())) {
    const auto name = NextText(inner, *logged, kMetrics);
    if (!name) return {};
    names.push_back(*name);
  }
  return names;
}

}  // namespace cairn::storage

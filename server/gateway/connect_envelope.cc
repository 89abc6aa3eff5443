#include "server/gateway/connect_envelope.h"

#include <algorithm>
#include <utility>

#include "fmt/format.h"
#include "lib/base/errors.h"
#include "lib/base/status_macros.h"
#include "lib/http/gzip.h"
#include "nlohmann/json.hpp"

namespace cairn::gateway {
namespace {

using nlohmann::ordered_json;

constexpr std::string_view kJsonStream = "application/connect+json";
constexpr std::string_view kProtoStream = "application/connect+proto";

std::optional<Compression> CompressionNamed(std::string_view name) {
  if (name == "identity") return Compression::kIdentity;
  if (name == "gzip") return Compression::kGzip;
  return std::nullopt;
}

uint32_t LengthOf(const std::array<char, 5>& prefix) {
  uint32_t length = 0;
  for (size_t i = 1; i < prefix.size(); ++i) {
    length = length << 8 | static_cast<uint8_t>(prefix[i]);
  }
  return length;
}

Packed WithPrefix(uint8_t flags, std::string bytes) {
  Packed packed;
  const auto length = static_cast<uint32_t>(bytes.size());
  packed.prefix = {static_cast<char>(flags), static_cast<char>(length >> 24),
                   static_cast<char>(length >> 16), static_cast<char>(length >> 8),
                   static_cast<char>(length)};
  packed.bytes = std::move(bytes);
  return packed;
}

}  // namespace

absl::Status MalformedStream(std::string_view rule) {
  return Error(absl::StatusCode::kInvalidArgument, ErrorReason::REQUEST_MALFORMED,
               fmt::format("the request is not as Connect has it: {}", rule))
      .With("rule", rule)
      .Field("request", rule);
}

absl::Status TooLargeMessage(size_t max_bytes) {
  return Error(absl::StatusCode::kResourceExhausted, ErrorReason::TOO_LARGE,
               fmt::format("a message may have at most {} bytes", max_bytes))
      .With("limit", std::to_string(max_bytes));
}

std::optional<Codec> CodecOfStreamType(std::string_view content_type) {
  const std::string type = MediaTypeOf(content_type);
  if (type == kJsonStream) return Codec::kJson;
  if (type == kProtoStream) return Codec::kProto;
  return std::nullopt;
}

std::string_view StreamTypeOf(Codec codec) {
  return codec == Codec::kJson ? kJsonStream : kProtoStream;
}

absl::StatusOr<Compression> CompressionOf(std::string_view content_encoding,
                                          std::string_view name) {
  if (content_encoding.empty()) return Compression::kIdentity;
  const auto compression = CompressionNamed(content_encoding);
  if (compression.has_value()) return *compression;
  return Error(absl::StatusCode::kUnimplemented, ErrorReason::REQUEST_MALFORMED,
               fmt::format("{} must be one of: identity, gzip", name))
      .With("field", name);
}

Compression CompressionFor(std::string_view accept_encoding, Compression request) {
  if (accept_encoding.empty()) return request;
  while (!accept_encoding.empty()) {
    const size_t comma = std::min(accept_encoding.find(','), accept_encoding.size());
    const auto compression = CompressionNamed(Trimmed(accept_encoding.substr(0, comma)));
    if (compression.has_value()) return *compression;
    accept_encoding.remove_prefix(std::min(comma + 1, accept_encoding.size()));
  }
  return Compression::kIdentity;
}

std::string_view NameOf(Compression compression) {
  return compression == Compression::kGzip ? "gzip" : "";
}

absl::StatusOr<std::optional<Envelope>> EnvelopeReader::Next(std::string_view& bytes) {
  if (prefix_size_ < kPrefixBytes) {
    const size_t taken = std::min(kPrefixBytes - prefix_size_, bytes.size());
    std::copy_n(bytes.begin(), taken, prefix_.begin() + prefix_size_);
    bytes.remove_prefix(taken);
    prefix_size_ += taken;
    if (prefix_size_ < kPrefixBytes) return std::nullopt;
    CAIRN_RETURN_IF_ERROR(BeginMessage());
  }
  const size_t taken = std::min(length_ - envelope_.bytes.size(), bytes.size());
  envelope_.bytes.append(bytes.substr(0, taken));
  bytes.remove_prefix(taken);
  if (envelope_.bytes.size() < length_) return std::nullopt;
  prefix_size_ = 0;
  return std::exchange(envelope_, Envelope());
}

absl::Status EnvelopeReader::BeginMessage() {
  const auto flags = static_cast<uint8_t>(prefix_[0]);
  if ((flags & ~kCompressedFlag) != 0) {
    return MalformedStream("the flags of a message must be 0, or 1 if it is compressed");
  }
  envelope_.compressed = (flags & kCompressedFlag) != 0;
  if (envelope_.compressed && compression_ == Compression::kIdentity) {
    return MalformedStream("connect-content-encoding must say how its messages are compressed");
  }
  length_ = LengthOf(prefix_);
  return length_ > max_bytes_ ? TooLargeMessage(max_bytes_) : absl::OkStatus();
}

absl::Status EnvelopeReader::End() const {
  return prefix_size_ == 0 ? absl::OkStatus() : MalformedStream("it must not end within a message");
}

absl::StatusOr<std::string> Unpack(Envelope envelope, size_t max_bytes) {
  if (!envelope.compressed || envelope.bytes.empty()) return std::move(envelope.bytes);
  http::GunzipLimits limits;
  limits.max_bytes = max_bytes;
  auto unpacked = http::Gunzip(envelope.bytes, limits);
  if (unpacked.ok()) return unpacked;
  if (absl::IsResourceExhausted(unpacked.status())) return TooLargeMessage(max_bytes);
  return MalformedStream("a compressed message must be gzip");
}

Packed Pack(std::string message, Compression compression) {
  if (compression == Compression::kIdentity || message.size() < http::kLeastGzipBytes) {
    return WithPrefix(0, std::move(message));
  }
  return WithPrefix(kCompressedFlag, http::Gzip(message));
}

Packed Packer::Pack(std::string message) {
  const bool tries = compression_ != Compression::kIdentity && untried_ == 0 &&
                     message.size() >= http::kLeastGzipBytes;
  if (!tries) {
    if (untried_ > 0) --untried_;
    return WithPrefix(0, std::move(message));
  }
  std::string packed = http::Gzip(message);
  if (packed.size() <= message.size() / 8 * 7) {
    return WithPrefix(kCompressedFlag, std::move(packed));
  }
  untried_ = kUntried;
  return WithPrefix(0, std::move(message));
}

Packed PackEnd(const absl::Status& status, const Metadata& metadata) {
  std::string text = "{";
  if (!status.ok()) text += "\"error\":" + ErrorText(status);
  if (!metadata.empty()) {
    if (!status.ok()) text += ",";
    text += "\"metadata\":" +
            ordered_json(metadata).dump(-1, ' ', false, ordered_json::error_handler_t::replace);
  }
  return WithPrefix(kEndOfStreamFlag, text + "}");
}

http::Response StreamRefusal(Codec codec, const absl::Status& error) {
  http::Response response = http::TextResponse(Joined(PackEnd(error)), StreamTypeOf(codec));
  response.headers.push_back({"Connect-Accept-Encoding", "gzip"});
  return response;
}

std::string Joined(Packed packed) {
  return packed.bytes.insert(0, packed.prefix.data(), packed.prefix.size());
}

}  // namespace cairn::gateway

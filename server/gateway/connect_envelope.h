#ifndef CAIRN_SERVER_GATEWAY_CONNECT_ENVELOPE_H_
#define CAIRN_SERVER_GATEWAY_CONNECT_ENVELOPE_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "lib/http/message.h"
#include "server/gateway/connect_codec.h"

namespace cairn::gateway {

// Streams as the Connect protocol has them in the body of a POST: messages one behind the other,
// each with five bytes before it, flags and a length. An answer ends with a message of its own
// kind, which says in JSON how the call ended; its HTTP status is always 200. Everything here is
// pure; the functions are safe from any thread.

// The flags of a message. The other bits are of no version of the protocol yet.
inline constexpr uint8_t kCompressedFlag = 0x01;
inline constexpr uint8_t kEndOfStreamFlag = 0x02;

// The codec of the Content-Type of a stream, "application/connect+json" or
// "application/connect+proto", in any case and whatever its parameters. Nullopt for any other,
// which is answered with HTTP's 415.
std::optional<Codec> CodecOfStreamType(std::string_view content_type);

// The Content-Type of a stream of answers.
std::string_view StreamTypeOf(Codec codec);

// How messages with kCompressedFlag are packed, each for itself.
enum class Compression { kIdentity, kGzip };

// That of the header `name`, which may be empty. UNIMPLEMENTED, naming what is taken.
absl::StatusOr<Compression> CompressionOf(std::string_view content_encoding,
                                          std::string_view name = "connect-content-encoding");

// The compression for answers, by the header `connect-accept-encoding`: the first it names that is
// known here; that of the request if it is empty, and none if it names nothing known.
Compression CompressionFor(std::string_view accept_encoding, Compression request);

// The value of both headers. Empty for none.
std::string_view NameOf(Compression compression);

// INVALID_ARGUMENT (REQUEST_MALFORMED): what was sent is not what the protocol has there.
absl::Status MalformedStream(std::string_view rule);

// RESOURCE_EXHAUSTED (TOO_LARGE): a message may have at most `max_bytes`.
absl::Status TooLargeMessage(size_t max_bytes);

// One message of a stream, as it was sent.
struct Envelope {
  bool compressed = false;
  std::string bytes;
};

// Cuts a body into messages, whatever pieces it comes in. Holds one message at most, as far as it
// was received: a length that is only promised takes no memory. After an error it is not used any
// more, because nobody knows where the next message would begin. Not thread-safe.
class EnvelopeReader {
 public:
  // `max_bytes` of a message, as it is sent.
  EnvelopeReader(Compression compression, size_t max_bytes)
      : compression_(compression), max_bytes_(max_bytes) {}

  // Takes from the front of `bytes` what belongs to the next message; returns the message when it
  // is complete, and nullopt when `bytes` is empty before. To be called until it is.
  //   INVALID_ARGUMENT (REQUEST_MALFORMED)  flags that a request has not, or a compressed message
  //                                         where the headers name no compression
  //   RESOURCE_EXHAUSTED (TOO_LARGE)   the message is too large; known from its length
  absl::StatusOr<std::optional<Envelope>> Next(std::string_view& bytes);

  // The body ended here. INVALID_ARGUMENT (REQUEST_MALFORMED) within a message: what is missing
  // must not pass for a stream that its client ended.
  absl::Status End() const;

  // What of a message was received and not returned.
  size_t held_bytes() const { return prefix_size_ + envelope_.bytes.size(); }

  // Something of the next message was received.
  bool within() const { return prefix_size_ > 0; }

  // How large the message will be of which the beginning was received; 0 when that is not known.
  size_t message_bytes() const { return prefix_size_ < kPrefixBytes ? 0 : length_; }

 private:
  static constexpr size_t kPrefixBytes = 5;

  absl::Status BeginMessage();

  const Compression compression_;
  const size_t max_bytes_;
  std::array<char, kPrefixBytes> prefix_{};
  size_t prefix_size_ = 0;
  size_t length_ = 0;  // of the message, once the prefix is there
  Envelope envelope_;
};

// The bytes of a message as its codec wrote them. Takes time where it is compressed; an empty
// message is none of the compression's business.
//   INVALID_ARGUMENT (REQUEST_MALFORMED)  it does not unpack
//   RESOURCE_EXHAUSTED (TOO_LARGE)   it becomes more than `max_bytes`, or suspiciously much
absl::StatusOr<std::string> Unpack(Envelope envelope, size_t max_bytes);

// A message on its way to the client: the five bytes before it and its bytes, apart, so that a
// large one is not copied for them.
struct Packed {
  std::array<char, 5> prefix;
  std::string bytes;
};

// One message; packed where `compression` says so and it is 1 KiB or more.
Packed Pack(std::string message, Compression compression);

// Packs the messages of one stream, which are alike: after one that hardly shrinks (parts of a blob
// that is compressed already) the next ones go as they are, untried. Takes time; not thread-safe.
class Packer {
 public:
  explicit Packer(Compression compression) : compression_(compression) {}

  // Packed where that makes the message smaller by an eighth or more.
  Packed Pack(std::string message);

 private:
  static constexpr int kUntried = 15;

  const Compression compression_;
  int untried_ = 0;  // so many more
};

// Trailing metadata: values by name, in lower case.
using Metadata = std::map<std::string, std::vector<std::string>>;

// The last message of a stream of answers, never compressed: {} after a good end, or
//
//   {"error": {"code": "not_found", …}, "metadata": {"name": ["value"]}}
//
// with an error as ErrorText (connect_codec.h) has it, whatever the codec of the others.
Packed PackEnd(const absl::Status& status, const Metadata& metadata = {});

// A stream of answers that has nothing but such an end. REQUIRES: !error.ok()
http::Response StreamRefusal(Codec codec, const absl::Status& error);

// Both parts of a message in one text.
std::string Joined(Packed packed);

}  // namespace cairn::gateway

#endif  // CAIRN_SERVER_GATEWAY_CONNECT_ENVELOPE_H_

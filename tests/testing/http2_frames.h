#ifndef CAIRN_TESTS_TESTING_HTTP2_FRAMES_H_
#define CAIRN_TESTS_TESTING_HTTP2_FRAMES_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

// HTTP/2 by hand: what a client writes, byte by byte (RFC 9113).
namespace cairn::testing {

inline constexpr std::string_view kHttp2Preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

inline constexpr uint8_t kDataFrame = 0;
inline constexpr uint8_t kHeadersFrame = 1;
inline constexpr uint8_t kResetFrame = 3;
inline constexpr uint8_t kSettingsFrame = 4;
inline constexpr uint8_t kPingFrame = 6;
inline constexpr uint8_t kGoAwayFrame = 7;
inline constexpr uint8_t kWindowUpdateFrame = 8;
inline constexpr uint8_t kContinuationFrame = 9;

inline constexpr uint8_t kNoFlags = 0;
inline constexpr uint8_t kAckFlag = 1;
inline constexpr uint8_t kEndStreamFlag = 1;
inline constexpr uint8_t kEndHeadersFlag = 4;

inline std::string Frame(uint8_t type, uint8_t flags, uint32_t stream,
                         std::string_view payload = "") {
  const auto size = static_cast<uint32_t>(payload.size());
  std::string frame;
  for (const int shift : {16, 8, 0}) frame += static_cast<char>(size >> shift);
  frame += static_cast<char>(type);
  frame += static_cast<char>(flags);
  for (const int shift : {24, 16, 8, 0}) frame += static_cast<char>(stream >> shift);
  return frame.append(payload);
}

// Preface, SETTINGS, and the acknowledgement of the server's.
inline std::string Http2Hello() {
  return std::string(kHttp2Preface) + Frame(kSettingsFrame, kNoFlags, 0) +
         Frame(kSettingsFrame, kAckFlag, 0);
}

// CANCEL.
inline std::string ResetOf(uint32_t stream) {
  return Frame(kResetFrame, kNoFlags, stream, std::string_view("\0\0\0\x08", 4));
}

// A header field that no table has, at most 126 bytes each (RFC 7541, section 6.2.2).
inline std::string HeaderField(std::string_view name, std::string_view value) {
  std::string field(1, '\0');
  field += static_cast<char>(name.size());
  field.append(name);
  field += static_cast<char>(value.size());
  return field.append(value);
}

// The headers of a call of a method, "/package.Service/Method".
inline std::string CallHeaders(std::string_view path) {
  return HeaderField(":method", "POST") + HeaderField(":scheme", "http") +
         HeaderField(":path", path) + HeaderField(":authority", "localhost") +
         HeaderField("te", "trailers") + HeaderField("content-type", "application/grpc");
}

}  // namespace cairn::testing

#endif  // CAIRN_TESTS_TESTING_HTTP2_FRAMES_H_

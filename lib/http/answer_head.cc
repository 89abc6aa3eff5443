#include "lib/http/answer_head.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <boost/beast/http/status.hpp>
#include <ctime>

#include "absl/strings/match.h"
#include "absl/strings/string_view.h"

namespace cairn::http {
namespace {

namespace beast = boost::beast;

constexpr std::array<absl::string_view, 5> kFraming = {"Connection", "Content-Length", "Date",
                                                       "Keep-Alive", "Transfer-Encoding"};

bool IsHeaderName(std::string_view name) {
  constexpr std::string_view kPunctuation = "!#$%&'*+-.^_`|~";
  return !name.empty() && std::all_of(name.begin(), name.end(), [&](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           kPunctuation.find(c) != std::string_view::npos;
  });
}

bool IsHeaderValue(std::string_view value) {
  return std::all_of(value.begin(), value.end(), [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte == '\t' || (byte >= 0x20 && byte != 0x7f);
  });
}

bool IsFraming(std::string_view name) {
  const absl::string_view text(name.data(), name.size());
  return std::any_of(kFraming.begin(), kFraming.end(), [text](absl::string_view framing) {
    return absl::EqualsIgnoreCase(text, framing);
  });
}

// The time in the form of the Date header.
std::string HttpDate() {
  const std::time_t now = std::time(nullptr);
  std::tm utc;
  gmtime_r(&now, &utc);
  char text[32];
  const std::size_t size = std::strftime(text, sizeof(text), "%a, %d %b %Y %H:%M:%S GMT", &utc);
  return std::string(text, size);
}

}  // namespace

bool IsSendable(int status, const NameValues& headers) {
  return status >= 200 && status <= 599 &&
         std::all_of(headers.begin(), headers.end(), [](const NameValue& header) {
           return IsHeaderName(header.name) && IsHeaderValue(header.value);
         });
}

std::string RenderHead(const AnswerHead& head, const NameValues& headers) {
  const beast::string_view reason =
      beast::http::obsolete_reason(static_cast<beast::http::status>(head.status));
  std::string text = fmt::format("HTTP/1.{} {} {}\r\nDate: {}\r\n", head.version % 10, head.status,
                                 std::string_view(reason.data(), reason.size()), HttpDate());
  for (const NameValue& header : headers) {
    if (!IsFraming(header.name)) text += fmt::format("{}: {}\r\n", header.name, header.value);
  }
  if (head.chunked) text += "Transfer-Encoding: chunked\r\n";
  if (head.length.has_value()) text += fmt::format("Content-Length: {}\r\n", *head.length);
  // What the version does not mean anyway.
  if (head.version < 11 && head.keep_alive) text += "Connection: keep-alive\r\n";
  if (head.version >= 11 && !head.keep_alive) text += "Connection: close\r\n";
  return text + "\r\n";
}

std::string RenderChunk(std::string_view piece) {
  if (piece.empty()) return "0\r\n\r\n";
  std::string text = fmt::format("{:x}\r\n", piece.size());
  text.reserve(text.size() + piece.size() + 2);
  return text.append(piece).append("\r\n");
}

}  // namespace cairn::http

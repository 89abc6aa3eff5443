#include "server/mlflow/transfer_ticket.h"

#include <charconv>
#include <optional>
#include <utility>

#include "fmt/format.h"
#include "lib/base/clock.h"
#include "lib/base/encoding.h"
#include "lib/base/hmac.h"
#include "server/mlflow/error.h"

namespace cairn::mlflow {
namespace {

constexpr const char* kAnother = "Ask for another presigned URL.";

absl::StatusOr<std::string> ParamText(const http::Request& request, std::string_view name) {
  const std::string* value = request.Query(name);
  if (value == nullptr || value->empty()) return MissingValue(name);
  return *value;
}

// Digits alone, so that a number is written in one way.
absl::StatusOr<int64_t> ParamNumber(const http::Request& request, std::string_view name) {
  const auto text = ParamText(request, name);
  if (!text.ok()) return text.status();
  int64_t number = 0;
  const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), number);
  const bool whole = error == std::errc() && end == text->data() + text->size();
  if (!whole || number < 0 || std::to_string(number) != *text) {
    return InvalidText(*text, name, "must be a whole number");
  }
  return number;
}

absl::StatusOr<Digest> ContentOf(const http::Request& request) {
  const auto sha256 = ParamText(request, "sha256");
  if (!sha256.ok()) return sha256.status();
  const auto size = ParamNumber(request, "size");
  if (!size.ok()) return size.status();
  const auto digest = ParseDigest(*sha256, *size);
  if (!digest.ok()) return InvalidText(*sha256, "sha256", "must be 64 hexadecimal digits");
  return *digest;
}

}  // namespace

TicketKey::TicketKey() : key_(NewHmacKey()) {}

std::string TicketKey::SignatureOf(const DownloadTicket& ticket) const {
  return Base64UrlEncode(
      HmacSha256OfTexts(key_, {"cairn.mlflow.download.v1", ticket.run_name, ticket.path,
                               ticket.content.Hex(), std::to_string(ticket.content.size_bytes),
                               ticket.holder, std::to_string(ticket.expire_unix_seconds)}));
}

std::string TicketKey::QueryOf(const DownloadTicket& ticket) const {
  return fmt::format("expires={}&holder={}&sha256={}&size={}&signature={}",
                     ticket.expire_unix_seconds, PercentEncode(ticket.holder), ticket.content.Hex(),
                     ticket.content.size_bytes, SignatureOf(ticket));
}

absl::StatusOr<DownloadTicket> TicketKey::TicketOf(std::string_view run_name, std::string_view path,
                                                   const http::Request& request,
                                                   int64_t now_unix_nanos) const {
  const auto holder = ParamText(request, "holder");
  if (!holder.ok()) return holder.status();
  const auto expires = ParamNumber(request, "expires");
  if (!expires.ok()) return expires.status();
  const auto content = ContentOf(request);
  if (!content.ok()) return content.status();
  const auto signature = ParamText(request, "signature");
  if (!signature.ok()) return signature.status();

  DownloadTicket ticket{std::string(run_name), std::string(path), *content, *holder, *expires};
  if (!IsSameCode(*signature, SignatureOf(ticket))) {
    return Refuse(kDenied,
                  fmt::format("The signature of this URL is not valid here: something in the URL "
                              "was changed, or the server was started again since. {}",
                              kAnother));
  }
  if (now_unix_nanos / kNanosPerSecond >= ticket.expire_unix_seconds) {
    return Refuse(kDenied, fmt::format("This URL was valid until {}. {}",
                                       FormatRfc3339(ticket.expire_unix_seconds * kNanosPerSecond),
                                       kAnother));
  }
  return ticket;
}

}  // namespace cairn::mlflow

#include "lib/base/page_token.h"

#include <memory>
#include <optional>
#include <utility>

#include "fmt/format.h"
#include "lib/base/deterministic_bytes.h"
#include "lib/base/digest.h"
#include "lib/base/encoding.h"
#include "lib/base/errors.h"

namespace cairn {
namespace {

constexpr int kFormat = 1;

absl::Status BadToken(std::string_view text, std::string_view rule) {
  return InvalidField(ErrorReason::PAGE_TOKEN_INVALID, "page_token", text, rule);
}

}  // namespace

uint64_t ArgumentsHash(const google::protobuf::Message& request) {
  const std::unique_ptr<google::protobuf::Message> rest(request.New());
  rest->CopyFrom(request);
  for (const char* name : {"page_size", "page_token"}) {
    const auto* field = rest->GetDescriptor()->FindFieldByName(name);
    if (field != nullptr) rest->GetReflection()->ClearField(rest.get(), field);
  }
  const Digest digest =
      DigestOf(request.GetDescriptor()->full_name() + '\0' + DeterministicBytes(*rest));
  uint64_t hash = 0;
  for (int i = 0; i < 8; ++i) hash = (hash << 8) | digest.sha256[static_cast<size_t>(i)];
  return hash;
}

std::string EncodePageToken(const google::protobuf::Message& request,
                            cairn::internal::PageToken token) {
  token.set_format(kFormat);
  token.set_arguments_hash(ArgumentsHash(request));
  return Base64UrlEncode(DeterministicBytes(token));
}

absl::StatusOr<cairn::internal::PageToken> DecodePageToken(const google::protobuf::Message& request,
                                                           std::string_view text) {
  cairn::internal::PageToken token;
  if (text.empty()) return token;
  const std::optional<std::string> bytes = Base64UrlDecode(text);
  if (!bytes.has_value() || !token.ParseFromString(*bytes) || token.format() != kFormat) {
    return BadToken(text, "must be a next_page_token of this server");
  }
  if (token.arguments_hash() != ArgumentsHash(request)) {
    return BadToken(text, "must be used with the arguments of the call that returned it");
  }
  return token;
}

absl::StatusOr<int32_t> EffectivePageSize(int32_t asked, int32_t default_size, int32_t max_size) {
  if (asked < 0) {
    return InvalidField(ErrorReason::VALUE_INVALID, "page_size", std::to_string(asked),
                        "must not be negative")
        .ToStatus();
  }
  if (asked == 0) return default_size;
  return std::min(asked, max_size);
}

}  // namespace cairn

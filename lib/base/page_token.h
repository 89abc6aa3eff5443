#ifndef CAIRN_LIB_BASE_PAGE_TOKEN_H_
#define CAIRN_LIB_BASE_PAGE_TOKEN_H_

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "cairn/internal/page_token.pb.h"
#include "google/protobuf/message.h"

namespace cairn {

// Page tokens (AIP-158): the last key of a page and a hash of the other
// arguments, base64url-encoded. They hold no offset and no snapshot, so a row
// that does not change while one pages appears exactly once. All functions are
// pure.

// A hash of every field of `request` but `page_size` and `page_token`; the same
// for equal requests on every machine.
uint64_t ArgumentsHash(const google::protobuf::Message& request);

// The text form of a token whose `format` and `arguments_hash` are filled in.
std::string EncodePageToken(const google::protobuf::Message& request,
                            cairn::internal::PageToken token);

// The token in `text`; an empty text is an empty token, the first page.
// INVALID_ARGUMENT (PAGE_TOKEN_INVALID) when the text is damaged or came from a
// request with other arguments.
absl::StatusOr<cairn::internal::PageToken> DecodePageToken(const google::protobuf::Message& request,
                                                           std::string_view text);

// The page size to use: `default_size` for 0, lowered to `max_size`.
// INVALID_ARGUMENT (VALUE_INVALID) when negative.
absl::StatusOr<int32_t> EffectivePageSize(int32_t asked, int32_t default_size, int32_t max_size);

}  // namespace cairn

#endif  // CAIRN_LIB_BASE_PAGE_TOKEN_H_

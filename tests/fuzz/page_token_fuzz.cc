// Any text as a page token: no crash; a token that is accepted belongs to the
// request and is written back; a changed one of our own is refused or harmless.

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "cairn/v1/tracking.pb.h"
#include "lib/base/page_token.h"

namespace {

void Decode(const std::string& token) {
  cairn::v1::ListRunsRequest list;
  list.set_parent("experiments/0");
  const auto decoded = cairn::DecodePageToken(list, token);
  if (decoded.ok() && !token.empty()) {
    const std::string again = cairn::EncodePageToken(list, *decoded);
    const auto same = cairn::DecodePageToken(list, again);
    if (!same.ok() || same->last_key() != decoded->last_key()) std::abort();
    list.set_parent("experiments/1");
    if (cairn::DecodePageToken(list, again).ok()) std::abort();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  Decode(text);
  cairn::v1::ListRunsRequest list;
  list.set_parent("experiments/0");
  cairn::internal::PageToken token;
  token.set_last_key(text);
  std::string ours = cairn::EncodePageToken(list, token);
  const auto back = cairn::DecodePageToken(list, ours);
  if (!back.ok() || back->last_key() != text) std::abort();
  if (size >= 2) {
    ours[data[0] % ours.size()] = static_cast<char>(data[1]);
    Decode(ours);
  }
  return 0;
}

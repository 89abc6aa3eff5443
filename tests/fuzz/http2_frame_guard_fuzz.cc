// Any bytes as what a client sends: no crash, and how they are cut makes no difference.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "server/front/http2_frame_guard.h"

namespace {

using cairn::front::Http2FrameGuard;
using cairn::front::Misuse;

Misuse InPieces(std::string_view bytes, size_t piece) {
  Http2FrameGuard guard;
  guard.BeginRead(0);
  Misuse misuse = Misuse::kNone;
  for (; !bytes.empty(); bytes.remove_prefix(std::min(piece, bytes.size()))) {
    misuse = guard.Feed(bytes.substr(0, piece));
  }
  return misuse;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  // Behind a preface, which random bytes would never find.
  std::string bytes = data[0] % 8 == 0 ? "" : "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
  bytes.append(reinterpret_cast<const char*>(data + 1), size - 1);
  const Misuse whole = InPieces(bytes, bytes.size() + 1);
  for (const size_t piece : {size_t{1}, size_t{2}, size_t{7}, size_t{9}, size_t{64}}) {
    if (InPieces(bytes, piece) != whole) std::abort();
  }
  return 0;
}

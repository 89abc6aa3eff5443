// Any bytes as the body of a stream: no crash, and how they are cut makes no difference.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <utility>

#include "server/gateway/connect_envelope.h"

namespace {

using cairn::gateway::Compression;
using cairn::gateway::EnvelopeReader;

constexpr size_t kMaxBytes = 1024;

// All messages, each with a mark behind it, and how it ended.
std::string InPieces(std::string_view body, size_t piece, Compression compression) {
  EnvelopeReader reader(compression, kMaxBytes);
  std::string seen;
  while (!body.empty()) {
    std::string_view bytes = body.substr(0, piece);
    body.remove_prefix(bytes.size());
    while (!bytes.empty()) {
      auto next = reader.Next(bytes);
      if (!next.ok()) return seen + "!" + std::string(next.status().message());
      if (reader.held_bytes() > kMaxBytes + 5) std::abort();
      if (!next->has_value()) continue;
      const auto message = cairn::gateway::Unpack(*std::move(*next), kMaxBytes);
      if (message.ok() && message->size() > kMaxBytes) std::abort();
      seen += message.ok() ? *message + "." : "?";
    }
  }
  return seen + (reader.End().ok() ? "ended" : "cut short");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const auto compression = data[0] % 2 == 0 ? Compression::kIdentity : Compression::kGzip;
  const std::string_view body(reinterpret_cast<const char*>(data + 1), size - 1);
  const std::string whole = InPieces(body, body.size() + 1, compression);
  for (const size_t piece : {size_t{1}, size_t{2}, size_t{5}, size_t{7}, size_t{64}}) {
    if (InPieces(body, piece, compression) != whole) std::abort();
  }
  return 0;
}

// Any bytes as a metric block, as they are and under a valid checksum: no crash
// and no read outside, what is accepted is sorted, and encoding it again gives
// the same points.

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "server/metrics/block_codec.h"

namespace {

using cairn::metrics::PointColumns;

void Check(std::string_view bytes) {
  PointColumns points;
  if (!cairn::metrics::DecodeBlock(bytes, points).ok()) {
    if (!points.empty()) std::abort();
    return;
  }
  if (points.empty() || points.size() > cairn::metrics::kBlockPoints) std::abort();
  PointColumns again;
  const std::string block = cairn::metrics::EncodeBlock(points, 0, points.size());
  if (!cairn::metrics::DecodeBlock(block, again).ok() || again.size() != points.size())
    std::abort();
  for (size_t i = 0; i < points.size(); ++i) {
    if (i > 0 && !PointLess(points, i - 1, points, i)) std::abort();
    if (PointLess(points, i, again, i) || PointLess(again, i, points, i)) std::abort();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  Check(bytes);
  if (size < cairn::metrics::kBlockHeaderBytes) return 0;
  std::string sealed(bytes);
  sealed[0] = static_cast<char>(cairn::metrics::kBlockFormat);
  cairn::metrics::SealBlock(sealed);
  Check(sealed);
  return 0;
}

#ifndef CAIRN_PIPELINE_STAGES_CHECKSUM_H_
#define CAIRN_PIPELINE_STAGES_CHECKSUM_H_

#include <cstdint>
#include <string_view>

namespace cairn::pipeline {

// A 64-bit sum of bytes, for the stage cache: tells a file that was cut off, mixed up or has a
// flipped bit from one that is whole. It is no defence against somebody who wants a collision; a
// digest (lib/base/digest.h) is, and costs several times as much. The cache holds tens of
// megabytes for a small input, which is why that matters.
//
// The order of bytes and their number count: the sum of a text and of the same with a zero byte
// more differ. `start` is any number; that of what came before makes the sum cover both. Equal on
// every little-endian machine. O(bytes), a few bytes a cycle. Never fails.
uint64_t Checksum(std::string_view bytes, uint64_t start);

}  // namespace cairn::pipeline

#endif  // CAIRN_PIPELINE_STAGES_CHECKSUM_H_

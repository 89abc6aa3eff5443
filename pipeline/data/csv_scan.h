#ifndef CAIRN_PIPELINE_DATA_CSV_SCAN_H_
#define CAIRN_PIPELINE_DATA_CSV_SCAN_H_

// Finds the characters that give a CSV text its structure.

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

namespace cairn::pipeline {

// Instruction sets the scan can use. kPortable works everywhere.
enum class ScanLevel { kPortable, kAvx2 };

// The best level of this processor, found once.
ScanLevel BestScanLevel();

// Longest text one call of FindStructure takes, so that positions fit.
inline constexpr size_t kMaxScanBytes = size_t{1} << 30;

// Writes the offsets of every separator, quote and line feed in `text`, ascending, to the front of
// *positions and returns how many there are. The vector grows to what may be needed and never
// shrinks; what lies behind the returned number means nothing. text.size() <= kMaxScanBytes. The
// result is the same at every level; a level this processor lacks must not be asked for. Reads
// nothing outside `text`.
size_t FindStructure(std::string_view text, ScanLevel level, std::vector<uint32_t>* positions,
                     char separator = ',');

}  // namespace cairn::pipeline

#endif  // CAIRN_PIPELINE_DATA_CSV_SCAN_H_

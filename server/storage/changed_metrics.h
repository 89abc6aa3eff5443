#ifndef CAIRN_SERVER_STORAGE_CHANGED_METRICS_H_
#define CAIRN_SERVER_STORAGE_CHANGED_METRICS_H_

#include <string>
#include <string_view>
#include <vector>

namespace cairn::storage {

// The payload of a "run.metrics" event (docs/storage-format.md): which metrics the
// commit added points to, so that whoever follows reads those and not all of a run.

// With more names than this the payload is empty, which stands for any metric.
inline constexpr size_t kMaxChangedMetrics = 64;

// Each name and a zero byte, which no name has; empty for no names or too many.
std::string EncodeChangedMetrics(const std::vector<std::string_view>& names);

// The names, as views of `payload`; none if the payload is empty or is not one, so
// that every metric has to be read.
std::vector<std::string_view> DecodeChangedMetrics(std::string_view payload);

}  // namespace cairn::storage

#endif  // CAIRN_SERVER_STORAGE_CHANGED_METRICS_H_

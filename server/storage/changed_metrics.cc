#include "server/storage/changed_metrics.h"

namespace cairn::storage {

std::string EncodeChangedMetrics(const std::vector<std::string_view>& names) {
  std::string payload;
  if (names.size() > kMaxChangedMetrics) return payload;
  for (const std::string_view name : names) payload.append(name).push_back('\0');
  return payload;
}

std::vector<std::string_view> DecodeChangedMetrics(std::string_view payload) {
  std::vector<std::string_view> names;
  while (!payload.empty()) {
    const size_t end = payload.find('\0');
    if (end == std::string_view::npos) return {};
    names.push_back(payload.substr(0, end));
    payload.remove_prefix(end + 1);
  }
  return names;
}

}  // namespace cairn::storage

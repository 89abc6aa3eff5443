#include "server/service/method_table.h"

#include <algorithm>
#include <set>

namespace cairn::service {

const Method* MethodTable::Find(std::string_view path) const {
  const auto at =
      std::lower_bound(sorted_.begin(), sorted_.end(), path,
                       [](const Method* row, std::string_view name) { return row->path < name; });
  return at != sorted_.end() && (*at)->path == path ? *at : nullptr;
}

std::vector<std::string> MethodTable::Services() const {
  std::set<std::string> names;
  for (const Method* row : sorted_) names.insert(row->path.substr(0, row->path.find('/')));
  return {names.begin(), names.end()};
}

}  // namespace cairn::service

// Labels of a champion, as they come from a server or a folder.

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "pipeline/insight/labels_csv.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto labels = cairn::pipeline::ReadLabelsCsv({reinterpret_cast<const char*>(data), size});
  if (!labels.ok()) return 0;
  if (labels->customers.size() != labels->segments.size()) std::abort();
  for (const int32_t segment : labels->segments) {
    if (segment < 0 || segment >= labels->k) std::abort();
  }
  return 0;
}

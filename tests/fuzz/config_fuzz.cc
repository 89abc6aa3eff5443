// Configuration files of the pipeline, whatever stands in them.

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "pipeline/stages/config.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto config = cairn::pipeline::ParseConfig(text, "fuzz.yaml");
  // What was read can be checked; what cannot be read says where.
  if (config.ok()) (void)cairn::pipeline::CheckConfig(*config);
  (void)cairn::pipeline::ParseGrid(text, "fuzz.yaml");
  return 0;
}

// Any bytes as a policy: no crash, and what parses renders to a text that parses
// to the same policy.

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "lib/promotion/policy_parser.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto policy = cairn::promotion::ParsePolicy(text);
  if (!policy.ok()) return 0;
  const auto again = cairn::promotion::ParsePolicy(cairn::promotion::RenderPolicy(*policy));
  if (!again.ok() || !(*again == *policy)) std::abort();
  return 0;
}

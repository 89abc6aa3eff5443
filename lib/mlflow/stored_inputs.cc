#include "lib/mlflow/stored_inputs.h"

#include "fmt/format.h"
#include "lib/base/digest.h"
#include "nlohmann/json.hpp"

namespace cairn::mlflow {
namespace {

constexpr std::size_t kIdDigits = 16;

std::string DumpedInput(const nlohmann::json& input) {
  return input.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

}  // namespace

std::string InputTagKey(std::string_view name, std::string_view digest) {
  const std::string named = fmt::format("{}{}{}", name, '\0', digest);
  return fmt::format("{}{}", kInputTagPrefix, Sha256Hex(named).substr(0, kIdDigits));
}

std::string InputTagValue(nlohmann::json input, std::size_t max_bytes) {
  std::string value = DumpedInput(input);
  for (const char* name : {"profile", "schema"}) {
    if (value.size() <= max_bytes) break;
    input["dataset"].erase(name);
    value = DumpedInput(input);
  }
  return value;
}

}  // namespace cairn::mlflow

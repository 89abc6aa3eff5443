#include "server/mlflow/made_up_name.h"

#include <array>
#include <random>

#include "fmt/format.h"

namespace cairn::mlflow {

std::string MadeUpName() {
  static constexpr std::array kQualities = {"amber", "brisk", "calm",  "dapper", "eager", "fair",
                                            "glad",  "hardy", "inner", "keen",   "lucid", "mild",
                                            "noble", "plain", "quiet", "rapid"};
  static constexpr std::array kThings = {"arch",  "birch", "cairn", "dune", "elm",   "fjord",
                                         "grove", "heron", "isle",  "kite", "ledge", "moor",
                                         "oak",   "pine",  "ridge", "stone"};
  thread_local std::minstd_rand random{std::random_device{}()};
  const size_t quality = random() % kQualities.size();
  const size_t thing = random() % kThings.size();
  return fmt::format("{}-{}-{}", kQualities[quality], kThings[thing], random() % 1000);
}

}  // namespace cairn::mlflow

#include <string>
#include <vector>

#include "client-cli/commands/mlctl.h"
#include "lib/base/standard_streams.h"

int main(int argc, char** argv) {
  cairn::HoldStandardStreams();
  return cairn::cli::RunMlctl(std::vector<std::string>(argv + 1, argv + argc));
}

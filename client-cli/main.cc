#include <string>
#include <vector>

#include "client-cli/commands/mlctl.h"
#include "lib/base/standard_streams.h"
#include "lib/client/quiet_libraries.h"

int main(int argc, char** argv) {
  cairn::HoldStandardStreams();
  cairn::client::QuietLibraries();
  return cairn::cli::RunMlctl(std::vector<std::string>(argv + 1, argv + argc));
}

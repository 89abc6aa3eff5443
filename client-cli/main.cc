#include <string>
#include <vector>

#include "client-cli/commands/mlctl.h"

int main(int argc, char** argv) {
  return cairn::cli::RunMlctl(std::vector<std::string>(argv + 1, argv + argc));
}

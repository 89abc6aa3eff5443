#include "lib/client/quiet_libraries.h"

#include <grpc/support/log.h>

#include <cstdlib>

#include "google/protobuf/stubs/logging.h"

namespace cairn::client {

void QuietLibraries() {
  google::protobuf::SetLogHandler(nullptr);
  if (std::getenv("GRPC_VERBOSITY") == nullptr) {
    gpr_set_log_function([](gpr_log_func_args*) {});
  }
}

}  // namespace cairn::client

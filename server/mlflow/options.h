#ifndef CAIRN_SERVER_MLFLOW_OPTIONS_H_
#define CAIRN_SERVER_MLFLOW_OPTIONS_H_

#include <cstdint>

namespace cairn::webhooks {
class Deliverer;
}  // namespace cairn::webhooks

namespace cairn::mlflow {

// What the routes need besides the calls. How they are reached is a setting of the server, for
// nothing that a request says of it (Host, X-Forwarded-Proto) is true by itself.
struct MlflowOptions {
  // Not owned, and outlives the routes and their calls.
  webhooks::Deliverer* webhooks = nullptr;
  // Whether the port speaks TLS, which the URLs begin with that this server signs for itself.
  bool tls = false;
  // How long an upload in parts may take: what was stored of one is kept for so long at least.
  int64_t upload_seconds = int64_t{6} * 3600;
};

}  // namespace cairn::mlflow

#endif  // CAIRN_SERVER_MLFLOW_OPTIONS_H_

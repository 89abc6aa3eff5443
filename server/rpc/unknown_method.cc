#include "server/rpc/unknown_method.h"

#include <memory>
#include <string>

#include "fmt/format.h"
#include "lib/base/errors.h"
#include "server/rpc/grpc_status.h"

namespace cairn::rpc {
namespace {

// Ends the call at once. Owns itself until OnDone.
class Refusal final : public grpc::ServerGenericBidiReactor {
 public:
  explicit Refusal(const absl::Status& status) { Finish(ToGrpcStatus(status)); }
  void OnDone() override { delete this; }
};

// A path as a message may show it: clients send any bytes.
std::string Shown(const std::string& path) {
  constexpr size_t kMost = 200;
  std::string shown = path.substr(path.starts_with('/') ? 1 : 0, kMost);
  for (char& c : shown) {
    if (c <= ' ' || c > '~') c = '?';
  }
  return shown;
}

}  // namespace

grpc::ServerGenericBidiReactor* UnknownMethod::CreateReactor(
    grpc::GenericCallbackServerContext* context) {
  const std::string method = Shown(context->method());
  return std::make_unique<Refusal>(
             Error(absl::StatusCode::kUnimplemented, ErrorReason::METHOD_UNKNOWN,
                   fmt::format("the server has no method {}: it may be older than its client",
                               method))
                 .With("method", method)
                 .ToStatus())
      .release();
}

}  // namespace cairn::rpc

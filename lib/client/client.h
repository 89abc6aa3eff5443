#ifndef CAIRN_LIB_CLIENT_CLIENT_H_
#define CAIRN_LIB_CLIENT_CLIENT_H_

#include <memory>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "lib/client/artifact_client.h"
#include "lib/client/services.h"
#include "lib/client/transport.h"

namespace cairn::client {

// Everything a program does with a Cairn server, over one connection.
//
//   CAIRN_ASSIGN_OR_RETURN(auto client, Client::Connect({.address = "127.0.0.1:50051"}));
//   cairn::v1::CreateRunRequest request;
//   request.set_parent("experiments/0");
//   CAIRN_ASSIGN_OR_RETURN(cairn::v1::Run run, client->tracking().CreateRun(request));
//
// The services' classes mirror the protos: a method for each call, taking the
// request and returning the response or the server's error with its details.
// What goes beyond single calls is in paging.h, parallel_calls.h, operation_waiter.h,
// metric_writer.h, uploader.h, downloader.h and watcher.h.
//
// Safe to call from any thread. Neither copyable nor movable.
class Client {
 public:
  // Makes a client; the connection is opened with the first call.
  //
  // - INVALID_ARGUMENT (VALUE_INVALID): the address is empty, the timeout is not
  //   positive, the keepalive below 10 s, or the request id no UUID4.
  static absl::StatusOr<std::unique_ptr<Client>> Connect(ConnectOptions options);

  TrackingClient& tracking() { return tracking_; }
  DatasetClient& datasets() { return datasets_; }
  ArtifactClient& artifacts() { return artifacts_; }
  RegistryClient& registry() { return registry_; }
  EvaluationClient& evaluations() { return evaluations_; }
  PromotionClient& promotion() { return promotion_; }
  OperationsClient& operations() { return operations_; }
  AdminClient& admin() { return admin_; }
  AuthClient& auth() { return auth_; }
  AuditClient& audit() { return audit_; }
  ViewsClient& views() { return views_; }
  WatchClient& watch() { return watch_; }

  // For what takes a transport: MetricWriter.
  Transport& transport() { return transport_; }

  // Ends every call under way, and all later ones, with CANCELLED.
  void Cancel() { transport_.Cancel(); }

  // Fails with UNAVAILABLE (SERVER_UNREACHABLE) unless a Cairn server answers.
  absl::Status Ping();

  const ConnectOptions& options() const { return transport_.options(); }

 private:
  explicit Client(ConnectOptions options);

  Transport transport_;
  TrackingClient tracking_{transport_};
  DatasetClient datasets_{transport_};
  ArtifactClient artifacts_{transport_};
  RegistryClient registry_{transport_};
  EvaluationClient evaluations_{transport_};
  PromotionClient promotion_{transport_};
  OperationsClient operations_{transport_};
  AdminClient admin_{transport_};
  AuthClient auth_{transport_};
  AuditClient audit_{transport_};
  ViewsClient views_{transport_};
  WatchClient watch_{transport_};
};

}  // namespace cairn::client

#endif  // CAIRN_LIB_CLIENT_CLIENT_H_

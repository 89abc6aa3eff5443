#ifndef CAIRN_SERVER_MLFLOW_ARTIFACT_CALL_H_
#define CAIRN_SERVER_MLFLOW_ARTIFACT_CALL_H_

#include <memory>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "cairn/v1/artifacts.pb.h"
#include "lib/http/exchange.h"
#include "lib/http/message.h"
#include "server/mlflow/artifact_path.h"
#include "server/mlflow/served_call.h"
#include "server/mlflow/session.h"
#include "server/mlflow/task.h"
#include "server/service/caller.h"

namespace cairn::mlflow {

// One request for an artifact whose bytes go in pieces, from its head to its answer. Owned by
// itself, like ServedCall, and used by one thread at a time.
class ArtifactCall {
 public:
  // Answers, or begins and ends an answer, and returns OK; what it returns else is the answer, as
  // long as none was begun. The call outlives the task.
  using Handler = Task<absl::Status> (*)(ArtifactCall& call);

  // Who is not known is refused before anything is read.
  static void Begin(std::shared_ptr<Gateway> gateway, Handler handler, http::Request request,
                    std::shared_ptr<http::Exchange> exchange);
  // The same for a caller that is known otherwise than by what the request says; he is gone with
  // the exchange, whatever `caller` says of that.
  static void BeginFor(service::Caller caller, std::shared_ptr<Gateway> gateway, Handler handler,
                       http::Request request, std::shared_ptr<http::Exchange> exchange);

  // Use Begin.
  ArtifactCall(service::Caller caller, std::shared_ptr<Gateway> gateway, http::Request request,
               std::shared_ptr<http::Exchange> exchange);

  const http::Request& request() const { return request_; }
  http::Exchange& exchange() const { return *exchange_; }
  Session& session() { return session_; }
  Gateway& gateway() const { return *gateway_; }
  const std::shared_ptr<Gateway>& shared_gateway() const { return gateway_; }

  // Where what stands in the URL behind `/mlflow-artifacts/artifacts/` leads. Errors of
  // ArtifactPlaceOf.
  absl::StatusOr<ArtifactPlace> Place() const;
  // The same of what stands behind another beginning.
  absl::StatusOr<ArtifactPlace> PlaceBehind(std::string_view before) const;

 private:
  // Goes last: the server waits for it.
  const std::shared_ptr<http::Exchange> exchange_;
  const std::shared_ptr<Gateway> gateway_;
  const http::Request request_;
  Session session_;
};

// The run that a place names, checked to be one that the caller may see.
//   RESOURCE_DOES_NOT_EXIST  there is none, or it is in another experiment
Task<absl::Status> CheckPlace(Session& session, ArtifactPlace place);

// GET: sends the file, or the range of it that is asked for, part by part, as fast as it is taken.
// What fails after the first part cuts the connection.
Task<absl::Status> DownloadArtifact(ArtifactCall& call);
// What stands at a place; errors are those of DownloadArtifact.
Task<absl::StatusOr<v1::ArtifactFile>> FileAt(Session& session, ArtifactPlace place);
// Sends a file, as DownloadArtifact does.
Task<absl::Status> SendFile(ArtifactCall& call, v1::ArtifactFile file);
// The same for the parameters `run_id` (or `run_uuid`) and `path` of the query.
Task<absl::Status> DownloadByQuery(ArtifactCall& call);

// The same for a file of a logged model, by the parameter `artifact_file_path`.
Task<absl::Status> DownloadOfModel(ArtifactCall& call);

// PUT: stores the body and names it in the run when all of it came; what stood there is replaced.
Task<absl::Status> UploadArtifact(ArtifactCall& call);

// DELETE: removes a file, or all below a directory; what is not there is no error. Never a whole
// run.
Task<absl::Status> DeleteArtifact(ArtifactCall& call);

}  // namespace cairn::mlflow

#endif  // CAIRN_SERVER_MLFLOW_ARTIFACT_CALL_H_

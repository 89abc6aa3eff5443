#ifndef CAIRN_SERVER_MLFLOW_PART_UPLOAD_ROUTES_H_
#define CAIRN_SERVER_MLFLOW_PART_UPLOAD_ROUTES_H_

#include <memory>

#include "absl/status/status.h"
#include "lib/http/exchange.h"
#include "lib/http/message.h"
#include "server/mlflow/artifact_call.h"
#include "server/mlflow/served_call.h"
#include "server/mlflow/task.h"

namespace cairn::mlflow {

// Files that clients send in parts (part_uploads.h), several at a time, to URLs that the server
// signs for itself (part_claim.h). What is refused names the field, the value and the rule.

// POST /mpu/create/{directory}: begins an upload of `path` in `num_parts` parts, and answers a URL
// for each of them. Whoever may not log to the run is refused here. No parts at all are 501 with a
// message by which clients know that they shall send the file as one body.
Task<absl::Status> CreateUpload(ArtifactCall& call);

// PUT of such a URL: stores a part on behalf of who began the upload, as long as that one's token
// is valid, and answers its ETag. A part may be sent again.
//   PERMISSION_DENIED        the signature is not that of the rest, or the time is over
//   RESOURCE_DOES_NOT_EXIST  there is no such upload
//   errors of PartUpload::Put and ArtifactUpload
void BeginPart(std::shared_ptr<Gateway> gateway, http::Request request,
               std::shared_ptr<http::Exchange> exchange);

// POST /mpu/complete/{directory}: makes the file of all parts, and names it in the run at once.
// Goes on when the client leaves; who asks again of the same parts gets the same answer.
Task<absl::Status> CompleteUpload(ArtifactCall& call);

// POST /mpu/abort/{directory}: forgets the parts; an upload that is not there is no error.
Task<absl::Status> AbortUpload(ArtifactCall& call);

}  // namespace cairn::mlflow

#endif  // CAIRN_SERVER_MLFLOW_PART_UPLOAD_ROUTES_H_

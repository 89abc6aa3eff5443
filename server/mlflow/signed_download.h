#ifndef CAIRN_SERVER_MLFLOW_SIGNED_DOWNLOAD_H_
#define CAIRN_SERVER_MLFLOW_SIGNED_DOWNLOAD_H_

#include <memory>

#include "absl/status/status.h"
#include "lib/http/exchange.h"
#include "lib/http/message.h"
#include "server/mlflow/artifact_call.h"
#include "server/mlflow/served_call.h"
#include "server/mlflow/task.h"

namespace cairn::mlflow {

// Downloads by a URL that says by itself who may: clients get one, and then read ranges of the file
// from it, several at a time, without their token.

// GET /presigned/{path}: a URL of this server (transfer_ticket.h), below `/signed/` and valid for
// kTicketSeconds, the headers to send with it, of which there are none, and the file's size. The
// caller needs what a download needs. The URL begins as OwnUrlBefore says.
//   INVALID_PARAMETER_VALUE  the request names no host; else errors of DownloadArtifact
Task<absl::Status> PresignDownload(ArtifactCall& call);

// GET /signed/{path}?…: sends what the URL was made for, or a range of it, on behalf of the caller
// that it was made for. That one must still be known and may still do so; a file must still stand
// at the path. If that was replaced, what stood there before is sent, as long as it is kept, so
// that all ranges are of one content.
//   errors of TicketKey::TicketOf, AccessControl::StillValid and DownloadArtifact
void BeginSignedDownload(std::shared_ptr<Gateway> gateway, http::Request request,
                         std::shared_ptr<http::Exchange> exchange);

}  // namespace cairn::mlflow

#endif  // CAIRN_SERVER_MLFLOW_SIGNED_DOWNLOAD_H_

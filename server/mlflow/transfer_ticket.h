#ifndef CAIRN_SERVER_MLFLOW_TRANSFER_TICKET_H_
#define CAIRN_SERVER_MLFLOW_TRANSFER_TICKET_H_

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "lib/base/digest.h"
#include "lib/http/message.h"

namespace cairn::mlflow {

// What the holder of a signed URL may do: read one content of one file for a time, without saying
// who it is. The URL's path says which file, its query the rest, with a signature over all of it,
// so that nothing in it can be changed. Plain values.
struct DownloadTicket {
  std::string run_name;  // the file's place, as ArtifactPlace has it; not in the query
  std::string path;
  Digest content;                   // what stood there when the ticket was made
  std::string holder;               // on whose behalf (TransferHolders)
  int64_t expire_unix_seconds = 0;  // from then on it is not valid
};

// How long a ticket is valid: what clients of object stores are used to.
inline constexpr int64_t kTicketSeconds = 15 * 60;

// Signs tickets and checks them: HMAC-SHA-256 with a key that never leaves the process and is new
// at every start, so that a restart ends all tickets. Immutable; safe from any thread.
class TicketKey {
 public:
  // With a new key (NewHmacKey).
  TicketKey();
  // A known one, for tests.
  explicit TicketKey(std::string key) : key_(std::move(key)) {}

  // The query of a URL: `expires=…&holder=…&sha256=…&size=…&signature=…`.
  std::string QueryOf(const DownloadTicket& ticket) const;

  // The ticket in the query of a request for the file at `path` of `run_name`. Each error tells
  // what to do: to ask for another URL.
  //   INVALID_PARAMETER_VALUE  a parameter is not there, or is no value of its kind
  //   PERMISSION_DENIED        the signature is not that of this place and these values; what it
  //                            was made for is not told
  //   PERMISSION_DENIED        it is over; told for a signature that is right only
  absl::StatusOr<DownloadTicket> TicketOf(std::string_view run_name, std::string_view path,
                                          const http::Request& request,
                                          int64_t now_unix_nanos) const;

 private:
  std::string SignatureOf(const DownloadTicket& ticket) const;

  std::string key_;
};

}  // namespace cairn::mlflow

#endif  // CAIRN_SERVER_MLFLOW_TRANSFER_TICKET_H_

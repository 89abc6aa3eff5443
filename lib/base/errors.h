#ifndef CAIRN_LIB_BASE_ERRORS_H_
#define CAIRN_LIB_BASE_ERRORS_H_

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "cairn/v1/error_reasons.pb.h"
#include "google/rpc/error_details.pb.h"

namespace cairn {

// Reason codes are the enum on the wire; its value names, without the prefix,
// are the `reason` of google.rpc.ErrorInfo.
using cairn::v1::ErrorReason;

// The ErrorInfo domain of every error this project makes.
inline constexpr std::string_view kErrorDomain = "cairn.v1";

// What an error may take in the trailers of a call. Clients accept 8 KiB of trailers in
// all by default, and take a call with more for a broken connection.
inline constexpr size_t kMaxErrorBytes = 7000;

// `text`, or of one above `max_bytes` the beginning and the end, with a mark between them
// that says how long it was and comes on top. Characters stay whole.
std::string Shortened(std::string_view text, size_t max_bytes);

// Builds an absl::Status that carries google.rpc details as payloads.
//
// Every error has exactly one ErrorInfo. Anything variable in the message also
// belongs in the metadata (With), because messages may be reworded while
// metadata keys stay. The companion follows from the code: field violations
// for INVALID_ARGUMENT, precondition violations for FAILED_PRECONDITION, the
// resource for NOT_FOUND, a retry delay for UNAVAILABLE and RESOURCE_EXHAUSTED.
//
//   return Error(absl::StatusCode::kNotFound, ErrorReason::MODEL_NOT_FOUND,
//                "model \"m\" does not exist").With("model", "m");
//
// Converts to absl::Status implicitly, so it can stand in a return statement
// of a function that returns Status or StatusOr. Not thread-safe; copyable.
class Error {
 public:
  Error(absl::StatusCode code, ErrorReason reason, std::string_view message);

  // Adds a metadata entry. `key` matches [a-z][a-zA-Z0-9-_]+ and is stable.
  Error& With(std::string_view key, std::string_view value);

  // Adds a BadRequest violation: `field` is a dot path in the request.
  Error& Field(std::string_view field, std::string_view description);

  // Adds a PreconditionFailure violation.
  Error& Precondition(std::string_view type, std::string_view subject,
                      std::string_view description);

  // Names the resource that was not found or already exists.
  Error& Resource(std::string_view type, std::string_view name);

  // Tells the client when it may try again.
  Error& RetryAfterSeconds(double seconds);

  // An error above kMaxErrorBytes has its longest texts shortened: names and values that
  // were too long are the reason of many an error.
  absl::Status ToStatus() const;
  operator absl::Status() const { return ToStatus(); }  // NOLINT(google-explicit-constructor)

 private:
  size_t WireBytes() const;
  Error WithTextsOf(size_t max_bytes) const;
  absl::Status Packed() const;

  absl::StatusCode code_;
  std::string message_;
  google::rpc::ErrorInfo info_;
  std::optional<google::rpc::BadRequest> bad_request_;
  std::optional<google::rpc::PreconditionFailure> precondition_;
  std::optional<google::rpc::ResourceInfo> resource_;
  std::optional<google::rpc::RetryInfo> retry_;
};

// INVALID_ARGUMENT naming the field, the offending value and the rule. Of a long value
// both ends are shown, and control characters in it are escaped.
Error InvalidField(ErrorReason reason, std::string_view field, std::string_view value,
                   std::string_view rule);

// NOT_FOUND for a resource of `type` ("Model") with the resource name `name`.
Error NotFound(ErrorReason reason, std::string_view type, std::string_view name);

// The reason of a status made here or received from a server; empty without one.
std::string ReasonOf(const absl::Status& status);

// A metadata value of the status' ErrorInfo; empty when absent.
std::string MetadataOf(const absl::Status& status, std::string_view key);

// True if `status` carries `reason`.
bool HasReason(const absl::Status& status, ErrorReason reason);

// The stable upper-snake name of a reason ("MODEL_NOT_FOUND").
std::string ReasonName(ErrorReason reason);

}  // namespace cairn

#endif  // CAIRN_LIB_BASE_ERRORS_H_

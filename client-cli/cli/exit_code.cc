#include "client-cli/cli/exit_code.h"

#include <nlohmann/json.hpp>

#include "absl/strings/cord.h"
#include "fmt/format.h"
#include "google/rpc/error_details.pb.h"
#include "lib/base/errors.h"
#include "lib/client/status_origin.h"

namespace cairn::cli {
namespace {

template <typename Detail>
Detail DetailOf(const absl::Status& status) {
  Detail detail;
  const auto payload =
      status.GetPayload("type.googleapis.com/" + Detail::descriptor()->full_name());
  if (payload.has_value()) detail.ParseFromString(std::string(*payload));
  return detail;
}

bool IsRetryable(const absl::Status& status) {
  if (HasReason(status, ErrorReason::EVALUATOR_FAILED)) return false;
  switch (status.code()) {
    case absl::StatusCode::kUnavailable:
    case absl::StatusCode::kResourceExhausted:
    case absl::StatusCode::kAborted:
    case absl::StatusCode::kDeadlineExceeded:
      return true;
    default:
      return false;
  }
}

std::string DeletedHint(std::string_view noun, std::string name) {
  if (name.empty()) name = noun == "run" ? "RUN" : "EXPERIMENT";
  return fmt::format(
      "`mlctl restore {} {}` brings it back, `mlctl purge {} {}` removes it for good", noun, name,
      noun, name);
}

}  // namespace

std::string MessageOf(const absl::Status& status) {
  if (!status.message().empty()) return std::string(status.message());
  const std::string reason = ReasonOf(status);
  return fmt::format("the call ended with {}{}{}, and no more was said",
                     std::string(absl::StatusCodeToString(status.code())),
                     reason.empty() ? "" : " ", reason);
}

ExitCode ExitCodeFor(const absl::Status& status) {
  if (HasReason(status, ErrorReason::FILE_ERROR)) return kExitFailure;
  if (HasReason(status, ErrorReason::EVALUATOR_FAILED)) return kExitFailure;
  // On this side it passes by no waiting.
  if (HasReason(status, ErrorReason::DISK_FULL) && !client::IsFromServer(status)) {
    return kExitFailure;
  }
  if (HasReason(status, ErrorReason::PARAM_CHANGED)) return kExitConflict;
  if (HasReason(status, ErrorReason::DIGEST_MISMATCH)) return kExitIntegrity;
  switch (status.code()) {
    case absl::StatusCode::kOk:
      return kExitOk;
    case absl::StatusCode::kInvalidArgument:
    case absl::StatusCode::kOutOfRange:
      return kExitUsage;
    case absl::StatusCode::kNotFound:
      return kExitNotFound;
    case absl::StatusCode::kUnauthenticated:
    case absl::StatusCode::kPermissionDenied:
      return kExitAuth;
    case absl::StatusCode::kAlreadyExists:
    case absl::StatusCode::kFailedPrecondition:
    case absl::StatusCode::kAborted:
      return kExitConflict;
    case absl::StatusCode::kUnavailable:
    case absl::StatusCode::kDeadlineExceeded:
    case absl::StatusCode::kResourceExhausted:
      return kExitUnavailable;
    case absl::StatusCode::kDataLoss:
      return kExitIntegrity;
    case absl::StatusCode::kCancelled:
      return kExitInterrupted;
    default:
      return kExitFailure;
  }
}

ExitCode ExitCodeFor(const v1::Decision& decision) {
  if (decision.outcome() == v1::Decision::PROMOTED ||
      decision.outcome() == v1::Decision::NO_CHANGE) {
    return kExitOk;
  }
  // What a person decides is done whatever a policy says of it.
  if (decision.kind() > v1::Decision::PROMOTION) return kExitOk;
  switch (decision.verdict()) {
    case v1::PASS:
      return kExitOk;
    case v1::FAIL:
      return kExitPolicyFail;
    case v1::ERROR:
      return kExitPolicyError;
    default:
      return kExitInconclusive;
  }
}

std::string HintFor(const absl::Status& status, std::string_view command) {
  ErrorReason reason = ErrorReason::ERROR_REASON_UNSPECIFIED;
  v1::ErrorReason_Parse(ReasonOf(status), &reason);
  // Of a process that serves: the server of --server has nothing to do with it.
  if (!MetadataOf(status, "url").empty()) {
    return "`mlctl consumers MODEL` lists who serves, and where";
  }
  switch (reason) {
    case ErrorReason::SERVER_UNREACHABLE:
      return "set the address with --server HOST:PORT or MLCTL_SERVER; `mlctl doctor` looks closer";
    case ErrorReason::EXPERIMENT_NOT_FOUND:
      return "`mlctl list experiments` shows what there is; `mlctl create experiment NAME` makes "
             "one";
    case ErrorReason::RUN_DELETED:
      return DeletedHint("run", MetadataOf(status, "run"));
    case ErrorReason::EXPERIMENT_DELETED:
      return DeletedHint("experiment", MetadataOf(status, "experiment"));
    case ErrorReason::RUN_NOT_FOUND:
      if (!MetadataOf(status, "kinds").empty()) {
        return "`mlctl list runs`, `mlctl list models` and `mlctl list datasets` show what there "
               "is";
      }
      return "`mlctl list runs` shows what there is";
    case ErrorReason::DATASET_NOT_FOUND:
    case ErrorReason::DATASET_VERSION_NOT_FOUND:
      return "`mlctl list datasets` shows what there is; `mlctl put dataset NAME FILE` adds a "
             "version";
    case ErrorReason::MODEL_NOT_FOUND:
      return "`mlctl list models` shows what there is";
    case ErrorReason::MODEL_VERSION_NOT_FOUND:
    case ErrorReason::ALIAS_NOT_FOUND:
      return "`mlctl list versions MODEL` shows versions and aliases";
    case ErrorReason::ARTIFACT_NOT_FOUND:
      return "`mlctl log artifact RUN FILE` adds artifacts to a run";
    case ErrorReason::CHANNEL_NOT_FOUND:
    case ErrorReason::CHANNEL_UNGOVERNED:
      return "`mlctl apply -f policy.yaml` lets a policy govern the channel";
    case ErrorReason::POLICY_NOT_FOUND:
      return "`mlctl list policies` shows what there is";
    case ErrorReason::EPOCH_MISMATCH:
      return "`mlctl why MODEL#CHANNEL` tells who moved it; repeat with the new epoch";
    case ErrorReason::FILTER_INVALID:
    case ErrorReason::ORDER_BY_INVALID:
      return "`mlctl help filters` explains the language";
    case ErrorReason::HAS_CHILDREN:
      return "what refers to it must go first; models keep their versions for ever";
    default:
      break;
  }
  if (MetadataOf(status, "origin") != "commandLine") return "";
  return command.empty() ? "`mlctl help` lists the commands"
                         : fmt::format("`mlctl help {}` shows how it is called", command);
}

std::string ErrorJson(const absl::Status& status, const std::string& hint) {
  nlohmann::ordered_json error;
  error["code"] = absl::StatusCodeToString(status.code());
  error["reason"] = ReasonOf(status);
  error["message"] = MessageOf(status);
  error["hint"] = hint;
  error["request_id"] = DetailOf<google::rpc::RequestInfo>(status).request_id();
  error["retryable"] = IsRetryable(status);
  auto metadata = nlohmann::ordered_json::object();
  const auto info = DetailOf<google::rpc::ErrorInfo>(status);
  std::map<std::string, std::string> sorted(info.metadata().begin(), info.metadata().end());
  for (const auto& [key, value] : sorted) metadata[key] = value;
  error["metadata"] = metadata;
  return error.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
}

}  // namespace cairn::cli

#include "server/mlflow/session.h"

#include <algorithm>

#include "fmt/format.h"
#include "lib/base/errors.h"
#include "server/mlflow/error.h"
#include "server/mlflow/inner_stream.h"

namespace cairn::mlflow {
namespace {

constexpr size_t kRunIdBytes = 32;

bool IsRunId(std::string_view id) {
  return id.size() == kRunIdBytes && std::all_of(id.begin(), id.end(), [](char c) {
           return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
         });
}

absl::Status NoSuchRun(std::string_view run_id) {
  return Refuse(kNotExists, fmt::format("Run with id={} not found", Shortened(run_id, 100)));
}

absl::Status MalformedAnswer() {
  return Error(absl::StatusCode::kInternal, ErrorReason::INTERNAL_FAULT,
               "an answer of the server does not parse");
}

}  // namespace

Task<bool> Session::LeaveCommitter() {
  if (committed_here_) {
    OnPool hop{environment_.pools.compute};
    co_await hop;
  }
  committed_here_ = false;
  co_return true;
}

Task<InnerCall::Answer> Session::CallRow(const service::Method& method,
                                         google::protobuf::Message& request) {
  co_await LeaveCommitter();
  InnerCall call(environment_, method, caller_, request, charge_);
  InnerCall::Answer answer = co_await call;
  committed_here_ = std::holds_alternative<service::ChangeFunction>(method.serve);
  co_return std::move(answer);
}

absl::Status Session::Unwrap(service::Answer answer, google::protobuf::Message& response) {
  if (auto* message = std::get_if<std::unique_ptr<google::protobuf::Message>>(&answer)) {
    response.GetReflection()->Swap(&response, message->get());
    return absl::OkStatus();
  }
  const auto* shared = std::get_if<std::shared_ptr<const std::string>>(&answer);
  const std::string& bytes = shared != nullptr ? **shared : std::get<std::string>(answer);
  return response.ParseFromString(bytes) ? absl::OkStatus() : MalformedAnswer();
}

Task<absl::Status> Session::ReadMetrics(v1::ReadMetricsRequest request, TakePoints take) {
  co_await LeaveCommitter();
  InnerStream stream(environment_, *rows_.read_metrics.method, caller_, request,
                     [&take](const std::string& part) {
                       v1::ReadMetricsResponse response;
                       if (!response.ParseFromString(part)) return MalformedAnswer();
                       return take(response.columns());
                     });
  absl::Status status = co_await stream;
  co_return std::move(status);
}

Task<absl::StatusOr<std::string>> Session::NameOfRun(std::string run_id) {
  if (!IsRunId(run_id)) co_return NoSuchRun(run_id);
  if (const auto known = places_.Find(run_id); known.has_value()) co_return *known;
  const auto run = co_await GetRun(run_id);
  if (!run.ok()) co_return run.status();
  co_return run->name();
}

Task<absl::StatusOr<v1::Run>> Session::GetRun(std::string run_id) {
  if (!IsRunId(run_id)) co_return NoSuchRun(run_id);
  v1::GetRunRequest get;
  get.set_name(places_.Find(run_id).value_or("experiments/-/runs/" + run_id));
  auto run = co_await Call(rows_.get_run, get);
  if (HasReason(run.status(), ErrorReason::PERMISSION_DENIED)) {
    // Who may not read all runs may read this one: a search finds it among those that are seen.
    v1::SearchRunsRequest search;
    search.set_filter(fmt::format("uid = \"{}\"", run_id));
    search.set_show_deleted(true);
    const auto found = co_await Call(rows_.search_runs, search);
    if (!found.ok()) co_return found.status();
    if (found->runs().empty()) co_return NoSuchRun(run_id);
    run = found->runs(0);
  }
  if (!run.ok()) co_return ErrorOfRun(run_id, run.status());
  places_.Learn(run_id, run->name());
  co_return std::move(run);
}

absl::Status Session::ErrorOfRun(const std::string& run_id, const absl::Status& error) {
  if (HasReason(error, ErrorReason::RUN_NOT_FOUND)) {
    places_.Forget(run_id);
    return NoSuchRun(run_id);
  }
  if (HasReason(error, ErrorReason::RUN_DELETED)) {
    return Refuse(
        kInvalidParameter,
        fmt::format("The run {} must be in the 'active' state. Current state is deleted.", run_id));
  }
  if (HasReason(error, ErrorReason::PARAM_CHANGED)) {
    return Refuse(
        kInvalidParameter,
        fmt::format("Changing param values is not allowed. Param with key='{}' was already "
                    "logged with value='{}' for run ID='{}'. Attempted logging new value "
                    "'{}'.",
                    MetadataOf(error, "param"), MetadataOf(error, "value"), run_id,
                    MetadataOf(error, "newValue")));
  }
  return error;
}

}  // namespace cairn::mlflow

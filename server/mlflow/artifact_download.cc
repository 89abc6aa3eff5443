#include <coroutine>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include "cairn/v1/artifacts.pb.h"
#include "fmt/format.h"
#include "lib/base/errors.h"
#include "server/calls/answer_stream.h"
#include "server/calls/call_record.h"
#include "server/mlflow/artifact_call.h"
#include "server/mlflow/artifact_headers.h"
#include "server/mlflow/artifact_tree.h"
#include "server/mlflow/error.h"
#include "server/mlflow/logged_model_calls.h"

namespace cairn::mlflow {
namespace {

// One call of Read whose parts become pieces of an answer over HTTP: the next part is made when the
// connection took the one before. Awaited once, like InnerStream, with how it ended. The answer
// begins with the first part, so that what fails before it can still be told.
class BlobDownload final : private calls::AnswerStream {
 public:
  // All of them outlive it; `request` is emptied.
  BlobDownload(Session& session, v1::ReadRequest& request, http::Exchange& exchange, int status,
               http::NameValues headers)
      : AnswerStream(session.environment(), *session.rows().read_blob.method, session.caller(),
                     calls::CallRecord(session.environment(),
                                       session.rows().read_blob.method->path.c_str())),
        request_(request),
        exchange_(exchange),
        code_(status),
        headers_(std::move(headers)) {}
  ~BlobDownload() override { Over(); }

  bool await_ready() const noexcept { return false; }
  void await_suspend(std::coroutine_handle<> awaiting) {
    awaiting_ = awaiting;
    Serve();
  }
  absl::Status await_resume() { return std::move(ended_); }

 private:
  absl::Status Parse(google::protobuf::Message& request) override {
    request.GetReflection()->Swap(&request, &request_);
    return absl::OkStatus();
  }
  absl::Status Write(std::string part) override {
    v1::ReadResponse response;
    if (!response.ParseFromString(part)) {
      return Error(absl::StatusCode::kInternal, ErrorReason::INTERNAL_FAULT,
                   "an answer of the server does not parse");
    }
    BeginOnce();
    exchange_.Write(std::move(*response.mutable_data()),
                    [this](const absl::Status& taken) { Written(taken.ok()); });
    return absl::OkStatus();
  }
  void End(const absl::Status& status) override {
    if (status.ok()) {
      BeginOnce();
      exchange_.End();
    } else if (begun_) {
      exchange_.Abort();
    }
    ended_ = status;
    awaiting_.resume();
  }
  void Abort() override { exchange_.Abort(); }

  void BeginOnce() {
    if (!std::exchange(begun_, true)) exchange_.Begin(code_, std::move(headers_));
  }

  v1::ReadRequest& request_;
  http::Exchange& exchange_;
  const int code_;
  http::NameValues headers_;
  bool begun_ = false;
  absl::Status ended_;
  std::coroutine_handle<> awaiting_;
};

// Nothing of the file is sent: for HEAD, and for a range outside of it.
void AnswerHeadOnly(http::Exchange& exchange, const v1::ArtifactFile& file,
                    const RangeAnswer& answer) {
  exchange.Begin(answer.status, DownloadHeaders(file, answer));
  exchange.End();
}

absl::Status NoArtifact() { return Refuse(kNotExists, "The run has no artifact of this path."); }

Task<absl::Status> Send(ArtifactCall& call, v1::ArtifactFile file) {
  const int64_t size = file.digest().size_bytes();
  const RangeAnswer answer = RangeOf(call.request(), size, EtagOf(file));
  if (answer.status == 416 || call.request().method == "HEAD") {
    AnswerHeadOnly(call.exchange(), file, answer);
    co_return absl::OkStatus();
  }
  v1::ReadRequest read;
  *read.mutable_digest() = file.digest();
  read.set_read_offset(answer.range.begin);
  if (answer.status == 206) read.set_read_limit(answer.range.size);
  BlobDownload download(call.session(), read, call.exchange(), answer.status,
                        DownloadHeaders(file, answer));
  absl::Status ended = co_await download;
  co_return std::move(ended);
}

}  // namespace

Task<absl::Status> SendFile(ArtifactCall& call, v1::ArtifactFile file) {
  return Send(call, std::move(file));
}

Task<absl::StatusOr<v1::ArtifactFile>> FileAt(Session& session, ArtifactPlace place) {
  if (place.path.empty()) co_return NoArtifact();
  auto file = co_await FindArtifact(session, place.run_name, place.path);
  if (!file.ok()) co_return session.ErrorOfRun(place.run_id, file.status());
  if (!file->has_value()) co_return NoArtifact();
  co_return **std::move(file);
}

namespace {

Task<absl::Status> SendFrom(ArtifactCall& call, ArtifactPlace place) {
  auto file = co_await FileAt(call.session(), std::move(place));
  if (!file.ok()) co_return file.status();
  co_return co_await SendFile(call, *std::move(file));
}

}  // namespace

Task<absl::Status> DownloadArtifact(ArtifactCall& call) {
  CAIRN_CO_ASSIGN_OR_RETURN(const ArtifactPlace place, call.Place());
  CAIRN_CO_RETURN_IF_ERROR(co_await CheckPlace(call.session(), place));
  co_return co_await SendFrom(call, place);
}

Task<absl::Status> DownloadByQuery(ArtifactCall& call) {
  const std::string* run_id = call.request().Query("run_id");
  if (run_id == nullptr) run_id = call.request().Query("run_uuid");
  if (run_id == nullptr || run_id->empty()) co_return MissingValue("run_id");
  const std::string* sent = call.request().Query("path");
  if (sent == nullptr || sent->empty()) co_return MissingValue("path");
  CAIRN_CO_ASSIGN_OR_RETURN(const std::string path, ArtifactPathOf(*sent));
  const auto name = co_await call.session().NameOfRun(*run_id);
  if (!name.ok()) co_return name.status();
  ArtifactPlace place{*run_id, *name, path};
  co_return co_await SendFrom(call, std::move(place));
}

Task<absl::Status> DownloadOfModel(ArtifactCall& call) {
  const std::string model_id(call.request().Param("model_id"));
  const std::string* sent = call.request().Query("artifact_file_path");
  if (sent == nullptr || sent->empty()) {
    co_return Refuse(kBadRequest,
                     "Request must include the \"artifact_file_path\" query parameter.");
  }
  CAIRN_CO_ASSIGN_OR_RETURN(const std::string path, ArtifactPathOf(*sent));
  const auto model = co_await GetLoggedModel(call.session(), model_id);
  if (!model.ok()) co_return model.status();
  ArtifactPlace place{model->uid(), model->name(), path};
  co_return co_await SendFrom(call, std::move(place));
}

}  // namespace cairn::mlflow

#include "server/mlflow/part_upload_routes.h"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "fmt/format.h"
#include "lib/base/digest.h"
#include "lib/base/errors.h"
#include "lib/base/ids.h"
#include "server/gateway/arrival.h"
#include "server/gateway/connect_head.h"
#include "server/gateway/json_text.h"
#include "server/mlflow/artifact_upload.h"
#include "server/mlflow/chunked_blob.h"
#include "server/mlflow/error.h"
#include "server/mlflow/json_call.h"
#include "server/mlflow/signed_url.h"
#include "server/service/authorize.h"

namespace cairn::mlflow {
namespace {

// Where the file goes: the directory of the URL, and the name that `path` ends with, which is where
// the client has it.
absl::StatusOr<ArtifactPlace> FilePlaceOf(const ArtifactCall& call, std::string_view step,
                                          std::string_view local_path) {
  const std::string before = fmt::format("/mlflow-artifacts/mpu/{}/", step);
  auto place = call.PlaceBehind(before);
  if (!place.ok()) return place.status();
  const size_t slash = local_path.find_last_of("/\\");
  const std::string_view name =
      slash == std::string_view::npos ? local_path : local_path.substr(slash + 1);
  if (name.empty() || name == ".") return Refuse(kInvalidParameter, "Invalid path");
  const std::string whole =
      place->path.empty() ? std::string(name) : fmt::format("{}/{}", place->path, name);
  auto path = ArtifactPathOf(whole);
  if (!path.ok()) return path.status();
  place->path = *std::move(path);
  return *std::move(place);
}

absl::Status NoUpload(std::string_view id) {
  return Refuse(kNotExists,
                fmt::format("There is no upload {}: it was never begun here, is over or aborted, "
                            "or was begun before the server's last start. Begin another one.",
                            Shortened(id, 100)));
}

PartClaim ClaimOf(const PartUploadStart& start, int64_t number) {
  PartClaim claim;
  claim.upload_id = start.id;
  claim.principal = start.caller.principal();
  claim.run = start.place.run_name;
  claim.path = start.place.path;
  claim.part_number = number;
  claim.expire_unix_seconds = start.expire_unix_seconds;
  return claim;
}

std::string PartUrl(const ClaimSigner& signer, const std::string& base, const PartClaim& claim) {
  return fmt::format("{}/mpu/part/{}/{}?expires={}&signature={}", base, claim.upload_id,
                     claim.part_number, claim.expire_unix_seconds, signer.Sign(claim));
}

// Frees what is over, also if nobody ever asks again.
void SweepLater(const std::shared_ptr<Gateway>& gateway) {
  calls::Alarms& alarms = gateway->environment.alarms;
  const auto when =
      std::chrono::steady_clock::now() + std::chrono::seconds(gateway->options.upload_seconds + 1);
  alarms.Set(when, [weak = std::weak_ptr<Gateway>(gateway)] {
    const std::shared_ptr<Gateway> there = weak.lock();
    if (there == nullptr) return;
    there->sweep_waits = false;
    const size_t left = there->part_uploads.Sweep(there->signer.NowUnixSeconds());
    if (left > 0 && !there->sweep_waits.exchange(true)) SweepLater(there);
  });
}

// Whether he may log to the run: asked again when the file is named.
absl::Status MayLog(const Gateway& gateway, const service::Caller& caller,
                    const std::string& run_name) {
  v1::LogArtifactsRequest log;
  log.set_run(run_name);
  return service::Authorize(gateway.environment.access, *gateway.rows.log_artifacts.method, caller,
                            log);
}

absl::Status CheckNumParts(int64_t num_parts) {
  if (num_parts == 0) {
    return Refuse(kNotImplemented,
                  "Multipart upload is not supported for the current artifact repository: an "
                  "empty file has no parts, send it by PUT.");
  }
  if (num_parts >= 1 && num_parts <= PartUploads::kMostParts) return absl::OkStatus();
  return InvalidValue(std::to_string(num_parts), "num_parts",
                      fmt::format("it must be from 1 to {}; send larger parts "
                                  "(MLFLOW_MULTIPART_UPLOAD_CHUNK_SIZE)",
                                  PartUploads::kMostParts));
}

// The upload that a request names, if it is the caller's and of this file.
std::shared_ptr<PartUpload> OwnUpload(ArtifactCall& call, const std::string& id,
                                      const ArtifactPlace& place) {
  Gateway& gateway = call.gateway();
  auto upload = gateway.part_uploads.Find(id, gateway.signer.NowUnixSeconds());
  if (upload == nullptr) return nullptr;
  const PartUploadStart& start = upload->start();
  const bool own = start.caller.principal() == call.session().caller().principal() &&
                   start.place.run_name == place.run_name && start.place.path == place.path;
  return own ? upload : nullptr;
}

std::vector<NamedPart> PartsOf(const Fields& fields) {
  std::vector<NamedPart> parts;
  for (const Fields& part : fields.Items("parts")) {
    NamedPart named;
    named.number = part.RequiredInt("part_number");
    named.etag = part.Text("etag");
    parts.push_back(std::move(named));
  }
  return parts;
}

// Makes one blob of the chunks, and the file of the blob.
Task<absl::Status> MakeFile(Session& session, std::shared_ptr<PartUpload> upload,
                            std::vector<Digest> chunks) {
  auto blob = co_await BlobOfChunks(session, std::move(chunks));
  if (!blob.ok()) co_return blob.status();
  if (upload->aborted()) co_return NoUpload(upload->start().id);
  const ArtifactPlace& place = upload->start().place;
  const absl::Status named = co_await NameBlob(session, place, *std::move(blob));
  if (!named.ok()) co_return session.ErrorOfRun(place.run_id, named);
  co_return absl::OkStatus();
}

void AnswerJson(ArtifactCall& call, std::string json) {
  http::Response answer = http::JsonResponse(std::move(json));
  answer.headers.push_back({"Cache-Control", "no-store"});
  call.exchange().Answer(std::move(answer));
}

}  // namespace

Task<absl::Status> CreateUpload(ArtifactCall& call) {
  JsonCall json;
  CAIRN_CO_RETURN_IF_ERROR(co_await ReadJson(call, json));
  const Fields fields = json.request->fields();
  const std::string local_path = fields.Required("path");
  const int64_t num_parts = fields.Int("num_parts").value_or(1);
  CAIRN_CO_RETURN_IF_ERROR(fields.status());
  CAIRN_CO_RETURN_IF_ERROR(CheckNumParts(num_parts));
  CAIRN_CO_ASSIGN_OR_RETURN(const ArtifactPlace place, FilePlaceOf(call, "create", local_path));
  Session& session = call.session();
  CAIRN_CO_RETURN_IF_ERROR(co_await CheckPlace(session, place));
  Gateway& gateway = call.gateway();
  CAIRN_CO_RETURN_IF_ERROR(MayLog(gateway, session.caller(), place.run_name));
  CAIRN_CO_ASSIGN_OR_RETURN(const std::string base, OwnUrlBefore("/mpu/", gateway, call.request()));
  PartUploadStart start;
  start.id = SystemIds().NewHexId();
  start.place = place;
  start.caller.requester = session.caller().requester;
  start.caller.identity = session.caller().identity;
  start.holder = gateway::HolderOf(session.environment(), session.caller());
  start.num_parts = num_parts;
  const int64_t now = gateway.signer.NowUnixSeconds();
  start.expire_unix_seconds = now + gateway.options.upload_seconds;
  CAIRN_CO_ASSIGN_OR_RETURN(const std::shared_ptr<PartUpload> upload,
                            gateway.part_uploads.Open(std::move(start), now));
  if (!gateway.sweep_waits.exchange(true)) SweepLater(call.shared_gateway());
  gateway::JsonText answer;
  answer.Begin('{').Key("upload_id").Text(upload->start().id).Key("credentials").Begin('[');
  for (int64_t number = 1; number <= num_parts; ++number) {
    const PartClaim claim = ClaimOf(upload->start(), number);
    answer.Begin('{').Key("url").Text(PartUrl(gateway.signer, base, claim));
    answer.Key("part_number").Int(number).Key("headers").Begin('{').End('}').End('}');
  }
  AnswerJson(call, answer.End(']').End('}').Take());
  co_return absl::OkStatus();
}

namespace {

// The number that a text begins with; 0 if that is none.
int64_t NumberIn(std::string_view text) {
  int64_t number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

absl::StatusOr<service::Caller> CallerOfPart(Gateway& gateway, const http::Request& request) {
  const std::string id(request.Param("upload_id"));
  const auto upload = gateway.part_uploads.Find(id, gateway.signer.NowUnixSeconds());
  if (upload == nullptr) return NoUpload(id);
  PartClaim claim = ClaimOf(upload->start(), NumberIn(request.Param("part_number")));
  // Only the one way to write them is signed.
  if (std::to_string(claim.part_number) != request.Param("part_number") ||
      std::to_string(claim.expire_unix_seconds) != gateway::QueryOf(request, "expires")) {
    claim.part_number = -1;
  }
  const absl::Status signed_here =
      gateway.signer.Check(claim, gateway::QueryOf(request, "signature"));
  if (!signed_here.ok()) return signed_here;
  const service::Caller& caller = upload->start().caller;
  if (absl::Status valid = CheckStillValid(gateway, caller); !valid.ok()) return valid;
  return caller;
}

Task<absl::Status> ReceiveOne(ArtifactCall& call) {
  Gateway& gateway = call.gateway();
  const std::string id(call.request().Param("upload_id"));
  const auto upload = gateway.part_uploads.Find(id, gateway.signer.NowUnixSeconds());
  if (upload == nullptr) co_return NoUpload(id);
  const int64_t number = NumberIn(call.request().Param("part_number"));
  // Of what is longer than any file it does not matter where it begins.
  const int64_t size = std::clamp(NumberIn(gateway::HeaderOf(call.request(), "content-length")),
                                  int64_t{0}, int64_t{1} << 40);
  ArtifactUpload receiver(call.session(), gateway.uploads, upload->start().holder);
  auto part = co_await receiver.ReceivePart(call.exchange(), (number - 1) * size);
  if (!part.ok()) co_return part.status();
  if (part->digest.size_bytes == 0) {
    co_return Refuse(kInvalidParameter,
                     fmt::format("Part {} is empty; a part has one byte at least.", number));
  }
  const std::string etag = fmt::format("\"{}\"", part->digest.Hex());
  CAIRN_CO_RETURN_IF_ERROR(upload->Put(number, *std::move(part)));
  http::Response answer;
  answer.headers.push_back({"ETag", etag});
  call.exchange().Answer(std::move(answer));
  co_return absl::OkStatus();
}

}  // namespace

void BeginPart(std::shared_ptr<Gateway> gateway, http::Request request,
               std::shared_ptr<http::Exchange> exchange) {
  auto caller = CallerOfPart(*gateway, request);
  if (!caller.ok()) return exchange->Answer(ErrorAnswer(caller.status()));
  caller->now_unix_nanos = gateway->environment.clock.NowUnixNanos();
  ArtifactCall::BeginFor(*std::move(caller), std::move(gateway), ReceiveOne, std::move(request),
                         std::move(exchange));
}

Task<absl::Status> CompleteUpload(ArtifactCall& call) {
  JsonCall json;
  CAIRN_CO_RETURN_IF_ERROR(co_await ReadJson(call, json));
  const Fields fields = json.request->fields();
  const std::string local_path = fields.Required("path");
  const std::string id = fields.Required("upload_id");
  std::vector<NamedPart> parts = PartsOf(fields);
  CAIRN_CO_RETURN_IF_ERROR(fields.status());
  CAIRN_CO_ASSIGN_OR_RETURN(const ArtifactPlace place, FilePlaceOf(call, "complete", local_path));
  const std::shared_ptr<PartUpload> upload = OwnUpload(call, id, place);
  if (upload == nullptr) co_return NoUpload(id);
  auto chunks = upload->BeginCompletion(std::move(parts));
  if (!chunks.ok()) co_return chunks.status();
  if (chunks->has_value()) {
    Gateway& gateway = call.gateway();
    // A client gives up after two minutes and asks again, which shall not begin anew.
    service::Caller stays = call.session().caller();
    stays.ended = [] { return absl::OkStatus(); };
    Session session(gateway.environment, gateway.rows, gateway.places, nullptr, std::move(stays));
    const absl::Status made = co_await MakeFile(session, upload, **std::move(chunks));
    upload->EndCompletion(made.ok());
    if (!made.ok()) co_return made;
    gateway.part_uploads.Completed(id);
  }
  AnswerJson(call, "{}");
  co_return absl::OkStatus();
}

Task<absl::Status> AbortUpload(ArtifactCall& call) {
  JsonCall json;
  CAIRN_CO_RETURN_IF_ERROR(co_await ReadJson(call, json));
  const Fields fields = json.request->fields();
  const std::string local_path = fields.Required("path");
  const std::string id = fields.Required("upload_id");
  CAIRN_CO_RETURN_IF_ERROR(fields.status());
  CAIRN_CO_ASSIGN_OR_RETURN(const ArtifactPlace place, FilePlaceOf(call, "abort", local_path));
  if (OwnUpload(call, id, place) != nullptr) call.gateway().part_uploads.Abort(id);
  AnswerJson(call, "{}");
  co_return absl::OkStatus();
}

}  // namespace cairn::mlflow

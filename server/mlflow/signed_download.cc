#include "server/mlflow/signed_download.h"

#include <string>
#include <string_view>
#include <utility>

#include "fmt/format.h"
#include "lib/base/clock.h"
#include "lib/base/digest.h"
#include "server/gateway/json_text.h"
#include "server/mlflow/artifact_path.h"
#include "server/mlflow/error.h"
#include "server/mlflow/signed_url.h"

namespace cairn::mlflow {
namespace {

constexpr std::string_view kPresigned = "/presigned/";
constexpr std::string_view kSigned = "/signed/";

// What stands behind `before`, as it was sent.
std::string_view Behind(const http::Request& request, std::string_view before) {
  const std::string_view path = request.path;
  return path.substr(path.find(before) + before.size());
}

absl::StatusOr<std::string> UrlOf(const Gateway& gateway, const http::Request& request,
                                  const std::string& query) {
  const auto base = OwnUrlBefore(kPresigned, gateway, request);
  if (!base.ok()) return base.status();
  return fmt::format("{}{}{}?{}", *base, kSigned, Behind(request, kPresigned), query);
}

absl::StatusOr<DownloadTicket> TicketIn(const Gateway& gateway, const http::Request& request) {
  const auto place = ArtifactPlaceOf(Behind(request, kSigned));
  if (!place.ok()) return place.status();
  return gateway.ticket_key.TicketOf(place->run_name, place->path, request,
                                     gateway.environment.clock.NowUnixNanos());
}

// The one that a ticket was made for, as far as it still is one.
absl::StatusOr<service::Caller> CallerBehind(const Gateway& gateway, const DownloadTicket& ticket) {
  service::Caller caller;
  caller.now_unix_nanos = gateway.environment.clock.NowUnixNanos();
  caller.identity = gateway.holders.Find(ticket.holder);
  if (caller.identity == nullptr) {
    return Refuse(kDenied,
                  "The server has forgotten for whom this URL was made. Ask for another presigned "
                  "URL.");
  }
  if (absl::Status valid = CheckStillValid(gateway, caller); !valid.ok()) return valid;
  if (gateway.environment.access != nullptr) caller.requester = caller.identity->principal;
  return caller;
}

Task<absl::Status> SendSigned(ArtifactCall& call) {
  const auto ticket = TicketIn(call.gateway(), call.request());
  if (!ticket.ok()) co_return ticket.status();
  const auto place = call.PlaceBehind(kSigned);
  if (!place.ok()) co_return place.status();
  CAIRN_CO_RETURN_IF_ERROR(co_await CheckPlace(call.session(), *place));
  auto file = co_await FileAt(call.session(), *place);
  if (!file.ok()) co_return file.status();
  file->mutable_digest()->set_sha256(ticket->content.Hex());
  file->mutable_digest()->set_size_bytes(ticket->content.size_bytes);
  co_return co_await SendFile(call, *std::move(file));
}

}  // namespace

Task<absl::Status> PresignDownload(ArtifactCall& call) {
  const auto place = call.PlaceBehind(kPresigned);
  if (!place.ok()) co_return place.status();
  CAIRN_CO_RETURN_IF_ERROR(co_await CheckPlace(call.session(), *place));
  const auto file = co_await FileAt(call.session(), *place);
  if (!file.ok()) co_return file.status();
  const auto content = ParseDigest(file->digest().sha256(), file->digest().size_bytes());
  if (!content.ok()) co_return content.status();

  const service::Caller& caller = call.session().caller();
  DownloadTicket ticket;
  ticket.run_name = place->run_name;
  ticket.path = place->path;
  ticket.content = *content;
  ticket.holder = call.gateway().holders.Learn(caller.identity);
  ticket.expire_unix_seconds = caller.now_unix_nanos / kNanosPerSecond + kTicketSeconds;
  const auto url = UrlOf(call.gateway(), call.request(), call.gateway().ticket_key.QueryOf(ticket));
  if (!url.ok()) co_return url.status();
  gateway::JsonText json;
  json.Begin('{').Key("url").Text(*url).Key("headers").Begin('{').End('}');
  json.Key("file_size").Int(content->size_bytes).End('}');
  call.exchange().Answer(http::JsonResponse(json.Take()));
  co_return absl::OkStatus();
}

void BeginSignedDownload(std::shared_ptr<Gateway> gateway, http::Request request,
                         std::shared_ptr<http::Exchange> exchange) {
  const auto ticket = TicketIn(*gateway, request);
  if (!ticket.ok()) return exchange->Answer(ErrorAnswer(ticket.status()));
  auto holder = CallerBehind(*gateway, *ticket);
  if (!holder.ok()) return exchange->Answer(ErrorAnswer(holder.status()));
  ArtifactCall::BeginFor(*std::move(holder), std::move(gateway), SendSigned, std::move(request),
                         std::move(exchange));
}

}  // namespace cairn::mlflow

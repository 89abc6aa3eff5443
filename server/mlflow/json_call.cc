#include "server/mlflow/json_call.h"

#include <algorithm>
#include <cstdint>
#include <string>

#include "fmt/format.h"
#include "server/gateway/arrival.h"
#include "server/mlflow/error.h"
#include "server/mlflow/next_piece.h"

namespace cairn::mlflow {
namespace {

// 10,000 parts, each with a URL and an ETag.
constexpr size_t kMostJsonBytes = size_t{8} << 20;
constexpr int64_t kBytesOfParsed = 4;  // for each byte of JSON, about

}  // namespace

Task<absl::Status> ReadJson(ArtifactCall& call, JsonCall& json) {
  json.raw = call.request();
  const std::string holder =
      gateway::HolderOf(call.session().environment(), call.session().caller());
  while (true) {
    NextPiece next(call.exchange());
    auto piece = co_await next;
    if (!piece.ok()) co_return gateway::RefusalOf(piece.status());
    if (!piece->has_value()) break;
    json.raw.body += **piece;
    if (json.raw.body.size() > kMostJsonBytes) {
      co_return Refuse(kInvalidParameter,
                       fmt::format("The body has more than {} bytes.", kMostJsonBytes));
    }
    const int64_t held = kBytesOfParsed * static_cast<int64_t>(json.raw.body.size());
    if (held <= gateway::kUncountedBytes || held <= json.charge.bytes()) continue;
    const int64_t more = std::max(held - json.charge.bytes(), int64_t{1} << 20);
    if (json.charge.TryAdd(call.gateway().uploads, holder, more) !=
        SharedBudget::Answer::kCharged) {
      co_return Refuse(kBusy, "too many uploads are under way; try again shortly");
    }
  }
  OnPool hop{call.session().environment().pools.compute};
  co_await hop;
  json.request.emplace(json.raw);
  co_return json.request->status();
}

}  // namespace cairn::mlflow

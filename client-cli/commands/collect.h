#ifndef CAIRN_CLIENT_CLI_COMMANDS_COLLECT_H_
#define CAIRN_CLIENT_CLI_COMMANDS_COLLECT_H_

#include <algorithm>
#include <cstdint>
#include <memory>
#include <utility>

#include "absl/status/statusor.h"
#include "client-cli/commands/nouns.h"
#include "client-cli/commands/session.h"
#include "lib/base/status_macros.h"
#include "lib/client/paging.h"

namespace cairn::cli {

// Collects pages until there are --limit elements, or all of them with --all, and hints when there
// are more. The elements are the field with number 1 of the response; of what else it says, the
// last page that says it counts. Errors are those of `call`.
template <typename Response, typename Request, typename Call>
absl::StatusOr<AnyMessage> Collect(Session& session, Request request, const Call& call) {
  const bool all = session.flags().Switch("all");
  const int64_t limit = session.flags().Integer("limit");
  const int64_t largest = 1000;
  request.set_page_size(static_cast<int32_t>(all ? largest : std::min(limit, largest)));
  auto merged = std::make_unique<Response>();
  const auto* field = Response::descriptor()->FindFieldByNumber(1);
  const auto* reflection = merged->GetReflection();
  bool more = false;
  CAIRN_RETURN_IF_ERROR(client::ForEachPage(request, call, [&](Response& page) {
    more = !page.next_page_token().empty();
    merged->MergeFrom(page);
    merged->set_next_page_token(page.next_page_token());
    return all || reflection->FieldSize(*merged, field) < limit;
  }));
  while (!all && reflection->FieldSize(*merged, field) > limit) {
    reflection->RemoveLast(merged.get(), field);
    more = true;
  }
  if (more) session.ThereIsMore();
  return AnyMessage(std::move(merged));
}

}  // namespace cairn::cli

#endif  // CAIRN_CLIENT_CLI_COMMANDS_COLLECT_H_

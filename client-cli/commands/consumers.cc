#include "client-cli/commands/consumers.h"

#include <fmt/format.h>

#include <string>
#include <string_view>

#include "client-cli/cli/command.h"
#include "client-cli/commands/catalog.h"
#include "client-cli/commands/resolve.h"
#include "client-cli/commands/session.h"
#include "client-cli/commands/tables.h"
#include "lib/base/encoding.h"
#include "lib/base/status_macros.h"
#include "lib/client/paging.h"

namespace cairn::cli {
namespace {

constexpr std::string_view kConsumersPart = "/consumers/";

absl::StatusOr<int> Consumers(Session& session, const Invocation& call) {
  CAIRN_ASSIGN_OR_RETURN(const std::string channel, ResolveChannel(session, call.arguments[0]));
  CAIRN_ASSIGN_OR_RETURN(const v1::ListConsumersResponse all, AllConsumers(session, channel));
  if (all.consumers().empty()) {
    session.Hint(
        "no consumers: `cairn-pipeline serve` and `mlctl follow --report-as NAME` say what they "
        "serve");
  }
  return session.Emit(all, ToTable(session, all));
}

}  // namespace

absl::StatusOr<ConsumerReference> ParseConsumerReference(const std::string& text,
                                                         const std::string& consumer) {
  const size_t at = text.find(kConsumersPart);
  if (at == std::string::npos) return ConsumerReference{text, consumer};
  if (!consumer.empty()) {
    return UsageError(fmt::format("--consumer is for a channel, and {} names a consumer", text));
  }
  const auto name = PercentDecode(text.substr(at + kConsumersPart.size()));
  if (!name.has_value()) {
    return UsageError(fmt::format("{} has a broken escape: % takes two hexadecimal digits", text));
  }
  if (name->empty())
    return UsageError(fmt::format("{} names no consumer: a name belongs behind /consumers/", text));
  return ConsumerReference{text.substr(0, at), *name};
}

absl::StatusOr<v1::ListConsumersResponse> AllConsumers(Session& session,
                                                       const std::string& channel) {
  v1::ListConsumersRequest request;
  request.set_parent(channel);
  request.set_page_size(1000);
  CAIRN_ASSIGN_OR_RETURN(client::Client * client, session.Client());
  v1::ListConsumersResponse all;
  CAIRN_RETURN_IF_ERROR(client::ForEachPage(
      request, [&](const auto& page) { return client->registry().ListConsumers(page); },
      [&](v1::ListConsumersResponse& page) {
        page.clear_next_page_token();
        all.MergeFrom(page);
        return true;
      }));
  return all;
}

std::vector<Command> ConsumerCommands() {
  return {{.path = "consumers",
           .family = "Look",
           .summary = "Show who serves a channel right now",
           .arguments = {{"MODEL[#CHANNEL]", 1, 1, "channel"}},
           .flags = {kChannelFlag},
           .examples = {{"mlctl consumers customer-segments", "who serves production"},
                        {"mlctl consumers customer-segments#staging -o json", "of another channel"},
                        {"mlctl consumers customer-segments --sort-by -lag",
                         "who is furthest behind first"}},
           .details =
               "Programs that follow a channel report what they loaded: `cairn-pipeline serve`,\n"
               "and `mlctl follow` with --report-as. LAG is how many moves of the head the\n"
               "consumer is behind. A consumer that is stale has been silent for longer than it\n"
               "said it would be: nobody knows what it serves.",
           .handler = Consumers}};
}

}  // namespace cairn::cli

#ifndef CAIRN_CLIENT_CLI_COMMANDS_NOUNS_H_
#define CAIRN_CLIENT_CLI_COMMANDS_NOUNS_H_

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "client-cli/commands/session.h"
#include "google/protobuf/message.h"

namespace cairn::cli {

using AnyMessage = std::unique_ptr<google::protobuf::Message>;

// A kind of thing that `get`, `list` and `describe` show. Rows of a table that
// lives as long as the process.
struct Noun {
  std::vector<std::string_view> names;  // singular, plural, short
  // Gets one; the message of the resource.
  absl::StatusOr<AnyMessage> (*get)(Session&, const std::string& reference);
  // Lists those of a parent ("" where there is none given); the list response
  // with all pages that --limit or --all ask for.
  absl::StatusOr<AnyMessage> (*list)(Session&, const std::string& parent);
  // True when a reference given to `get` names a parent, so that it lists.
  bool (*names_parent)(const std::string& reference);
  Table (*table)(const Session&, const google::protobuf::Message& list);
  // An empty list response, to show single resources as rows.
  const google::protobuf::Message& (*list_prototype)();
  std::string_view when_empty;  // what to do next when there is nothing
};

const std::vector<Noun>& Nouns();

// The noun with this name. INVALID_ARGUMENT (VALUE_INVALID) for another word,
// with what was probably meant.
absl::StatusOr<const Noun*> FindNoun(std::string_view word);

// SearchRuns with the command's --filter, --order-by, --experiment, --skip, --count, --limit,
// --all and --show-deleted.
absl::StatusOr<AnyMessage> SearchRuns(Session& session);

}  // namespace cairn::cli

#endif  // CAIRN_CLIENT_CLI_COMMANDS_NOUNS_H_

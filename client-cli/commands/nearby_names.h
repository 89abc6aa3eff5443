#ifndef CAIRN_CLIENT_CLI_COMMANDS_NEARBY_NAMES_H_
#define CAIRN_CLIENT_CLI_COMMANDS_NEARBY_NAMES_H_

#include <string>

#include "absl/status/status.h"
#include "client-cli/commands/session.h"

namespace cairn::cli {

// What a person who wrote the name of nothing may have meant, as "did you mean \"retail\"?".
//
// `error` is the server's or a resolver's NOT_FOUND, or that no policy governs a channel, whose
// metadata `resource` or `channel` is the name that was sought. Asks the server for the names of
// that kind: experiments, runs by name, data sets, models, policies, and aliases and channels of a
// model that exists; the first thousand of them. Where a run, a model or a data set may have been
// meant (metadata `kinds`) all three are asked. The nearest in spelling is taken, upper and lower
// case alike. Empty for other errors, for ids and numbers, where nothing is near, and where the
// server does not answer: it is a hint, and never an error of its own.
std::string NearbyName(Session& session, const absl::Status& error);

}  // namespace cairn::cli

#endif  // CAIRN_CLIENT_CLI_COMMANDS_NEARBY_NAMES_H_

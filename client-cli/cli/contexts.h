#ifndef CAIRN_CLIENT_CLI_CLI_CONTEXTS_H_
#define CAIRN_CLIENT_CLI_CLI_CONTEXTS_H_

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "client-cli/cli/command.h"
#include "client-cli/cli/config.h"
#include "client-cli/cli/terminal.h"

namespace cairn::cli {

// A context: a server under a name, with what is needed to be known there. Stored with others in
// `mlctl/contexts.yaml` of the user's configuration directory:
//
//   current: 'production'
//   contexts:
//     production:
//       protect: true
//       server: 'https://registry.example:50051'
//       token-file: '/home/ada/.config/mlctl/production.token'
//
// A context counts as a whole or not at all: a token never goes to a server that stands elsewhere.
struct Context {
  // Of the flags that say how a server is reached (IsConnectionFlag), by name. `server` is there.
  std::map<std::string, std::string, std::less<>> values;
  // Changes there are to be confirmed by the context's name.
  bool protect = false;
};

// All contexts of a user. Value type.
struct Contexts {
  std::string path;     // of the file; empty where the user has no place for one
  std::string current;  // which is in use; empty: none
  std::map<std::string, Context, std::less<>> by_name;

  // The name of the protected context that a call is about: `name` itself, or one with the same
  // server, so that no spelling of the call goes around the protection. Empty if there is none.
  std::string ProtectedBy(std::string_view name, std::string_view server) const;
};

// Whether a flag says how a server is reached: server, principal, token-file and those of TLS.
bool IsConnectionFlag(std::string_view flag);

// 1 to 64 letters, digits, `.`, `_` and `-`, the first a letter or digit; not `none`.
// INVALID_ARGUMENT (NAME_INVALID).
absl::Status CheckContextName(std::string_view name);

// INVALID_ARGUMENT (CONFIG_INVALID) with path and line for what is no such file.
absl::StatusOr<Contexts> ParseContexts(const CommandTable& table, const std::string& path,
                                       const std::string& text);
std::string FormatContexts(const Contexts& contexts);

// The user's; none where the file does not exist. Errors are those of ReadFile and ParseContexts.
absl::StatusOr<Contexts> LoadContexts(const CommandTable& table, const Environment& environment);
// Replaces the file as a whole. Errors are those of WriteFileAtomically.
absl::Status SaveContexts(const Contexts& contexts);

// Puts the context that a call is about among `files`, whose values it then beats: one that
// --context or MLCTL_CONTEXT names before all, the one in use behind a project's file. Weaker files
// lose what they say of servers. The one in use does not count where something stronger names a
// server.
//   INVALID_ARGUMENT (VALUE_INVALID)  there is no context of that name, or the call names a server
//                                     too
absl::StatusOr<std::vector<ConfigFile>> WithContext(const Contexts& contexts,
                                                    const Invocation& invocation,
                                                    const Environment& environment,
                                                    std::vector<ConfigFile> files);

}  // namespace cairn::cli

#endif  // CAIRN_CLIENT_CLI_CLI_CONTEXTS_H_

#ifndef CAIRN_PIPELINE_COMMANDS_SERVER_FLAGS_H_
#define CAIRN_PIPELINE_COMMANDS_SERVER_FLAGS_H_

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "lib/client/client.h"
#include "lib/client/client_tls.h"
#include "lib/command_line/settings.h"
#include "pipeline/stages/config.h"
#include "pipeline/stages/publisher.h"

namespace cairn::pipeline {

// Which server is called, and who calls: the flags --server, --principal and those of
// command_line::CallerFlags. Empty texts are flags that were not given.
struct ServerFlags {
  std::string address;  // HOST:PORT
  std::string principal;
  std::string token_file;  // Read when the client is made.
  client::ClientTlsFiles tls;
};

// A flag that the command has not counts as not given.
ServerFlags ServerFlagsOf(const command_line::Settings& settings);

// How to reach it. Errors of reading the files that hold token and keys.
absl::StatusOr<client::ConnectOptions> ConnectOptionsOf(const ServerFlags& flags);

// A client. INVALID_ARGUMENT (FIELD_REQUIRED) without a server; else errors as above. Nobody is
// called yet.
absl::StatusOr<std::unique_ptr<client::Client>> ConnectClient(const ServerFlags& flags);

// Keeps what the pipeline makes on the server. An empty `code_revision` is that of this program.
// UNAVAILABLE when nobody answers.
absl::StatusOr<std::unique_ptr<Publisher>> ConnectPublisher(const ServerFlags& flags,
                                                            const PipelineConfig& config,
                                                            const std::string& code_revision);

}  // namespace cairn::pipeline

#endif  // CAIRN_PIPELINE_COMMANDS_SERVER_FLAGS_H_

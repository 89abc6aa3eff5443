#include "pipeline/commands/server_flags.h"

#include <utility>

#include "lib/base/errors.h"
#include "lib/base/status_macros.h"
#include "lib/client/token_file.h"
#include "pipeline/register/server_publisher.h"

namespace cairn::pipeline {
namespace {

// The flags that name certificates and keys.
client::ClientTlsFiles TlsFilesOf(const command_line::Settings& settings) {
  client::ClientTlsFiles files;
  files.on = settings.Switch("tls");
  files.authority = settings.Text("tls-ca");
  files.certificate = settings.Text("tls-cert");
  files.key = settings.Text("tls-key");
  files.server_name = settings.Text("tls-server-name");
  return files;
}

}  // namespace

ServerFlags ServerFlagsOf(const command_line::Settings& settings) {
  return {settings.Text("server"), settings.Text("principal"), settings.Text("token-file"),
          TlsFilesOf(settings)};
}

absl::StatusOr<client::ConnectOptions> ConnectOptionsOf(const ServerFlags& flags) {
  client::ConnectOptions options;
  options.address = flags.address;
  options.principal = flags.principal;
  if (!flags.token_file.empty()) {
    CAIRN_ASSIGN_OR_RETURN(options.token, client::ReadTokenFile(flags.token_file));
  }
  CAIRN_ASSIGN_OR_RETURN(options.tls, client::ReadClientTls(flags.tls));
  return options;
}

absl::StatusOr<std::unique_ptr<client::Client>> ConnectClient(const ServerFlags& flags) {
  if (flags.address.empty()) {
    return InvalidField(ErrorReason::FIELD_REQUIRED, "server", "", "say --server HOST:PORT")
        .ToStatus();
  }
  CAIRN_ASSIGN_OR_RETURN(auto options, ConnectOptionsOf(flags));
  return client::Client::Connect(std::move(options));
}

absl::StatusOr<std::unique_ptr<Publisher>> ConnectPublisher(const ServerFlags& flags,
                                                            const PipelineConfig& config,
                                                            const std::string& code_revision) {
  ServerPublisher::Options options;
  CAIRN_ASSIGN_OR_RETURN(options.connect, ConnectOptionsOf(flags));
  options.names = config.registration;
  options.code_revision = code_revision.empty() ? "cairn-pipeline " CAIRN_VERSION : code_revision;
  CAIRN_ASSIGN_OR_RETURN(std::unique_ptr<Publisher> publisher,
                         ServerPublisher::Connect(std::move(options)));
  return publisher;
}

}  // namespace cairn::pipeline

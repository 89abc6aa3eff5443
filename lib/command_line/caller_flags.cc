#include "lib/command_line/caller_flags.h"

namespace cairn::command_line {

std::vector<Flag> CallerFlags(std::string_view section) {
  std::vector<Flag> flags = {
      {.name = "token-file",
       .kind = FlagKind::kPath,
       .value = "FILE",
       .help = "the file with the token that says who calls; only its owner may read it"},
      {.name = "tls",
       .kind = FlagKind::kSwitch,
       .help = "speak TLS; so does https:// before the address, and each of the next four"},
      {.name = "tls-ca",
       .kind = FlagKind::kPath,
       .value = "FILE",
       .help = "PEM file with the authorities that vouch for the server; by default the system's"},
      {.name = "tls-cert",
       .kind = FlagKind::kPath,
       .value = "FILE",
       .help = "PEM file with the certificate to show the server"},
      {.name = "tls-key",
       .kind = FlagKind::kPath,
       .value = "FILE",
       .help = "PEM file with its private key; only its owner may read it"},
      {.name = "tls-server-name",
       .value = "NAME",
       .help = "what the server's certificate must name, if not the address's host"}};
  for (Flag& flag : flags) flag.section = section;
  return flags;
}

}  // namespace cairn::command_line

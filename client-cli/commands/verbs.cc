#include "client-cli/commands/verbs.h"

#include <cctype>

#include "client-cli/cli/command.h"
#include "fmt/format.h"

namespace cairn::cli {

absl::StatusOr<v1::Verb> VerbNamed(const std::string& text) {
  std::string name = text;
  for (char& c : name) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  v1::Verb verb = v1::VERB_UNSPECIFIED;
  if (!v1::Verb_Parse(name, &verb) || verb == v1::VERB_UNSPECIFIED) {
    return UsageError(
        fmt::format("a verb is read, log, promote, approve, override or admin, not \"{}\"", text));
  }
  return verb;
}

}  // namespace cairn::cli

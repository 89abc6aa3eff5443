#include "lib/command_line/completion.h"

#include <algorithm>

#include "fmt/format.h"
#include "lib/command_line/flag_values.h"

namespace cairn::command_line {
namespace {

// PROGRAM stands for the program's name.
constexpr std::string_view kBash =
    R"(# PROGRAM completion for bash: source <(PROGRAM completion bash)
_PROGRAM() {
  local IFS=$'\n' words=("${COMP_WORDS[@]:1:COMP_CWORD}")
  COMPREPLY=($(PROGRAM __complete -- "${words[@]}" 2>/dev/null))
  if [[ "${COMPREPLY[0]}" == ":file" ]]; then
    COMPREPLY=($(compgen -f -- "${COMP_WORDS[COMP_CWORD]}"))
  fi
}
complete -o nosort -F _PROGRAM PROGRAM
)";

constexpr std::string_view kZsh = R"(#compdef PROGRAM
# PROGRAM completion for zsh: source <(PROGRAM completion zsh)
_PROGRAM() {
  local -a candidates
  candidates=("${(@f)$(PROGRAM __complete -- "${words[@]:1:$((CURRENT - 1))}" 2>/dev/null)}")
  if [[ "${candidates[1]}" == ":file" ]]; then
    _files
  else
    compadd -Q -- "${candidates[@]}"
  fi
}
compdef _PROGRAM PROGRAM
)";

constexpr std::string_view kFish =
    R"(# PROGRAM completion for fish: PROGRAM completion fish | source
function __PROGRAM_complete
  set -l words (commandline -opc)[2..-1] (commandline -ct)
  for candidate in (PROGRAM __complete -- $words 2>/dev/null)
    if test "$candidate" = ":file"
      __fish_complete_path (commandline -ct)
    else
      echo $candidate
    end
  end
end
complete -c PROGRAM -f -a '(__PROGRAM_complete)'
)";

void Offer(Completions& result, std::string_view word) {
  if (!word.starts_with(result.prefix)) return;
  if (std::find(result.words.begin(), result.words.end(), word) == result.words.end()) {
    result.words.emplace_back(word);
  }
}

void OfferFlags(Completions& result, const CommandTable& table, const Command* command) {
  if (command != nullptr) {
    for (const Flag& flag : command->flags) Offer(result, fmt::format("--{}", flag.name));
  }
  for (const Flag& flag : table.global_flags) Offer(result, fmt::format("--{}", flag.name));
  Offer(result, "--help");
  if (!table.version.empty()) Offer(result, "--version");
}

void OfferValues(Completions& result, const Flag& flag) {
  for (const std::string_view choice : Choices(flag.choices)) Offer(result, choice);
  if (flag.names_file() && flag.value != "PATH") result.dynamic = "file";
  if (flag.value == "RUN") result.dynamic = "run";
  if (flag.value == "MODEL") result.dynamic = "model";
}

const Flag* FlagNamed(const CommandTable& table, const Command* command, const std::string& word) {
  if (word.size() < 2 || word[0] != '-' || word.find('=') != std::string::npos) return nullptr;
  const Flag* flag = word[1] == '-' ? table.FindFlag(command, word.substr(2))
                                    : table.FindLetter(command, word.back());
  return flag != nullptr && flag->kind != FlagKind::kSwitch ? flag : nullptr;
}

void OfferWords(Completions& result, const CommandTable& table, const std::string& path) {
  for (const Command& command : table.commands) {
    std::string_view rest = command.path;
    if (!path.empty()) {
      if (!rest.starts_with(path + " ")) continue;
      rest.remove_prefix(path.size() + 1);
    }
    if (!rest.empty()) Offer(result, rest.substr(0, rest.find(' ')));
  }
}

}  // namespace

Completions Complete(const CommandTable& table, const std::vector<std::string>& words) {
  Completions result;
  result.prefix = words.empty() ? "" : words.back();
  std::string path;
  const Command* command = table.Find("");
  size_t arguments = 0;
  std::string first_argument;
  const Flag* open_flag = nullptr;
  for (size_t i = 0; i + 1 < words.size(); ++i) {
    if (open_flag != nullptr) {
      open_flag = nullptr;
      continue;
    }
    const std::string& word = words[i];
    if (word.starts_with("-") && word.size() > 1) {
      open_flag = FlagNamed(table, command, word);
      continue;
    }
    const std::string longer = path.empty() ? word : fmt::format("{} {}", path, word);
    if (arguments == 0 && (table.Find(longer) != nullptr || table.IsGroup(longer))) {
      path = longer;
      command = table.Find(path);
    } else {
      if (arguments == 0) first_argument = word;
      ++arguments;
    }
  }
  if (open_flag != nullptr) {
    OfferValues(result, *open_flag);
    return result;
  }
  if (result.prefix.starts_with("-")) {
    OfferFlags(result, table, command);
    return result;
  }
  if (arguments == 0) OfferWords(result, table, path);
  if (command == nullptr || command->arguments.empty()) return result;
  const size_t last = command->arguments.size() - 1;
  const Argument& argument = command->arguments[std::min(arguments, last)];
  if (arguments > last && argument.max >= 0) return result;
  result.dynamic = std::string(argument.completes);
  if (result.dynamic == "of-noun") result.dynamic = first_argument;
  return result;
}

std::optional<std::string> CompletionLines(const CommandTable& table,
                                           const std::vector<std::string>& words) {
  if (words.empty() || words[0] != "__complete") return std::nullopt;
  const size_t begin = words.size() > 1 && words[1] == "--" ? 2 : 1;
  const Completions found =
      Complete(table, {words.begin() + static_cast<std::ptrdiff_t>(begin), words.end()});
  if (found.dynamic == "file" && found.words.empty()) return ":file\n";
  std::string lines;
  for (const std::string& word : found.words) lines += word + "\n";
  return lines;
}

absl::StatusOr<std::string> CompletionScript(const CommandTable& table, std::string_view shell) {
  std::string_view script;
  if (shell == "bash") script = kBash;
  if (shell == "zsh") script = kZsh;
  if (shell == "fish") script = kFish;
  if (script.empty()) {
    return UsageError(fmt::format("no completion for \"{}\"; there is bash, zsh and fish", shell));
  }
  constexpr std::string_view kName = "PROGRAM";
  std::string text;
  for (size_t at = 0; (at = script.find(kName)) != std::string_view::npos;) {
    text += fmt::format("{}{}", script.substr(0, at), table.program);
    script.remove_prefix(at + kName.size());
  }
  return text.append(script);
}

}  // namespace cairn::command_line

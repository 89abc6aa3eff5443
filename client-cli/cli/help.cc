#include "client-cli/cli/help.h"

#include <algorithm>
#include <vector>

#include "client-cli/cli/parser.h"
#include "client-cli/cli/terminal.h"
#include "fmt/format.h"
#include "lib/base/nearest.h"

namespace cairn::cli {
namespace {

std::vector<std::string_view> Families(const CommandTable& table) {
  std::vector<std::string_view> families;
  for (const Command& command : table.commands) {
    if (std::find(families.begin(), families.end(), command.family) == families.end()) {
      families.push_back(command.family);
    }
  }
  return families;
}

std::string FlagSpelling(const Flag& flag) {
  std::string text = flag.letter == 0 ? "    " : fmt::format("-{}, ", flag.letter);
  text += fmt::format("--{}", flag.name);
  if (!flag.value.empty()) text += fmt::format(" {}", flag.value);
  return text;
}

constexpr size_t kHelpWidth = 80;

std::string FlagHelp(const Flag& flag) {
  std::string text(flag.help);
  if (!flag.choices.empty()) text += fmt::format(" ({})", flag.choices);
  if (flag.kind == FlagKind::kList) text += "; may be repeated";
  if (!flag.fallback.empty()) text += fmt::format(" [default {}]", flag.fallback);
  return text;
}

// What something of at most `width` columns is, beside it.
std::string Entry(std::string_view spelling, size_t width, std::string_view says) {
  std::string text;
  for (const std::string& line : WrapWords(says, kHelpWidth - width - 4)) {
    text += fmt::format("  {:<{}}  {}\n", spelling, width, line);
    spelling = "";
  }
  return text;
}

// Each line that is too long in several.
std::string Wrapped(std::string_view text) {
  std::string wrapped;
  while (!text.empty()) {
    const size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = text.substr(0, end);
    if (DisplayWidth(line) <= kHelpWidth) {
      wrapped += fmt::format("{}\n", line);
    } else {
      for (const std::string& part : WrapWords(line, kHelpWidth)) wrapped += part + "\n";
    }
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return wrapped;
}

std::string FlagLines(const std::vector<Flag>& flags) {
  size_t width = 0;
  for (const Flag& flag : flags) width = std::max(width, FlagSpelling(flag).size());
  std::string text;
  for (const Flag& flag : flags) text += Entry(FlagSpelling(flag), width, FlagHelp(flag));
  return text;
}

std::string ExampleLines(const std::vector<Example>& examples) {
  std::string text;
  for (const Example& example : examples) {
    text += fmt::format("  # {}\n  {}\n", example.says, example.line);
  }
  return text;
}

std::string CommandLines(const std::vector<const Command*>& commands) {
  size_t width = 0;
  for (const Command* command : commands) width = std::max(width, command->path.size());
  std::string text;
  for (const Command* command : commands) {
    text += Entry(command->path, width, command->summary);
  }
  return text;
}

std::string CommandHelp(const CommandTable& table, const Command& command) {
  std::string text = fmt::format("{}.\n\nExamples:\n{}\nUsage:\n  {}\n", command.summary,
                                 ExampleLines(command.examples), UsageLine(command));
  if (!command.details.empty()) text += "\n" + Wrapped(command.details);
  if (!command.flags.empty()) text += fmt::format("\nFlags:\n{}", FlagLines(command.flags));
  text += fmt::format("\nGlobal flags:\n{}", FlagLines(table.global_flags));
  return text;
}

std::string FlagTable(const std::vector<Flag>& flags) {
  std::string text = "| flag | meaning |\n| --- | --- |\n";
  for (const Flag& flag : flags) {
    std::string spelling = FlagSpelling(flag);
    spelling.erase(0, spelling.find_first_not_of(' '));
    std::string help;
    for (const char c : FlagHelp(flag)) help += c == '|' ? std::string("\\|") : std::string(1, c);
    text += fmt::format("| `{}` | {} |\n", spelling, help);
  }
  return text;
}

std::string CommandMarkdown(const Command& command) {
  std::string text = fmt::format("### {}\n\n{}.\n\n```sh\n", command.path, command.summary);
  for (const Example& example : command.examples) {
    text += fmt::format("# {}\n{}\n", example.says, example.line);
  }
  text += fmt::format("```\n\nUsage: `{}`\n", UsageLine(command));
  if (!command.details.empty()) text += fmt::format("\n{}\n", command.details);
  if (!command.flags.empty()) text += "\n" + FlagTable(command.flags);
  return text + "\n";
}

}  // namespace

std::string UsageLine(const Command& command) {
  std::string text = fmt::format("mlctl {}", command.path);
  for (const Argument& argument : command.arguments) {
    std::string spelling(argument.name);
    if (argument.max < 0) spelling += "...";
    text += argument.min == 0 ? fmt::format(" [{}]", spelling) : " " + spelling;
  }
  return text + " [flags]";
}

std::string Overview(const CommandTable& table) {
  std::string text =
      "mlctl talks to a Cairn server: experiments, data sets, models, what is live.\n\n"
      "Examples:\n"
      "  # the ten best runs by silhouette\n"
      "  mlctl search runs --order-by 'metrics.silhouette desc' --limit 10\n"
      "  # let the policy decide, and see why\n"
      "  mlctl promote customer-segments#production\n"
      "  mlctl why customer-segments#production\n"
      "  # get the files that are live\n"
      "  mlctl fetch customer-segments#production -o model/\n\n"
      "Usage:\n  mlctl COMMAND [flags]\n";
  for (const std::string_view family : Families(table)) {
    std::vector<const Command*> commands;
    for (const Command& command : table.commands) {
      if (command.family == family) commands.push_back(&command);
    }
    text += fmt::format("\n{}:\n{}", family, CommandLines(commands));
  }
  text += "\nTopics (mlctl help TOPIC):\n";
  for (const Topic& topic : table.topics) {
    text += Entry(topic.name, 12, topic.summary);
  }
  return text + fmt::format("\nGlobal flags:\n{}", FlagLines(table.global_flags));
}

absl::StatusOr<std::string> HelpFor(const CommandTable& table, std::string_view subject) {
  std::string text;
  if (const Command* command = table.Find(subject)) text = CommandHelp(table, *command);
  if (table.IsGroup(subject)) {
    std::vector<const Command*> members;
    for (const Command& command : table.commands) {
      if (command.path.substr(0, subject.size() + 1) == std::string(subject) + " ") {
        members.push_back(&command);
      }
    }
    text += fmt::format("{}Commands of {}:\n{}", text.empty() ? "" : "\n", subject,
                        CommandLines(members));
  }
  if (!text.empty()) return text;
  std::vector<std::string_view> candidates;
  for (const Topic& topic : table.topics) {
    if (topic.name == subject) return std::string(topic.text);
    candidates.push_back(topic.name);
  }
  for (const Command& command : table.commands) candidates.push_back(command.path);
  const std::string nearest(Nearest(subject, candidates));
  return UsageError(
      fmt::format("there is no help on \"{}\"{}", subject,
                  nearest.empty() ? "" : fmt::format("; did you mean \"{}\"?", nearest)));
}

std::string MarkdownReference(const CommandTable& table) {
  std::string text =
      "# mlctl\n\n"
      "The command line of Cairn. This page is printed by `mlctl help --markdown` from the table\n"
      "that parsing, help and completion come from; a test keeps it up to date.\n\n"
      "## Global flags\n\n" +
      FlagTable(table.global_flags) + "\n";
  for (const std::string_view family : Families(table)) {
    text += fmt::format("## {}\n\n", family);
    for (const Command& command : table.commands) {
      if (command.family == family) text += CommandMarkdown(command);
    }
  }
  text += "## Topics\n\n";
  for (const Topic& topic : table.topics) {
    text +=
        fmt::format("### {}\n\n{}.\n\n```text\n{}```\n\n", topic.name, topic.summary, topic.text);
  }
  while (text.size() > 1 && text[text.size() - 2] == '\n') text.pop_back();
  return text;
}

}  // namespace cairn::cli

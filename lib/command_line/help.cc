#include "lib/command_line/help.h"

#include <algorithm>
#include <vector>

#include "fmt/format.h"
#include "lib/base/nearest.h"
#include "lib/command_line/flag_values.h"
#include "lib/command_line/text_width.h"

namespace cairn::command_line {
namespace {

std::vector<std::string_view> Families(const CommandTable& table) {
  std::vector<std::string_view> families;
  for (const Command& command : table.commands) {
    if (command.path.empty()) continue;
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
constexpr size_t kMostSpelling = 42;  // of columns beside which help still has room

std::string FlagHelp(const CommandTable& table, const Flag& flag) {
  std::string text(flag.help);
  if (flag.required) text += " (required)";
  if (!flag.choices.empty()) text += fmt::format(" ({})", flag.choices);
  if (flag.repeatable) text += "; may be repeated";
  const std::string bounds = table.lists_variables ? BoundsOf(flag) : "";
  if (!bounds.empty()) text += fmt::format(" ({})", bounds);
  if (!flag.fallback.empty()) text += fmt::format(" [default {}]", flag.fallback);
  const std::string variable = table.lists_variables ? table.VariableOf(flag) : "";
  if (!variable.empty()) text += fmt::format(" [{}]", variable);
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

// A section after another; flags that name none come under `heading`.
std::string FlagLines(const CommandTable& table, std::string_view heading,
                      const std::vector<Flag>& flags) {
  size_t width = 0;
  std::vector<std::string_view> sections;
  for (const Flag& flag : flags) {
    width = std::max(width, FlagSpelling(flag).size());
    const std::string_view section = flag.section.empty() ? heading : flag.section;
    if (std::find(sections.begin(), sections.end(), section) == sections.end()) {
      sections.push_back(section);
    }
  }
  std::string text;
  for (const std::string_view section : sections) {
    text += fmt::format("\n{}:\n", section);
    for (const Flag& flag : flags) {
      if ((flag.section.empty() ? heading : flag.section) != section) continue;
      text += Entry(FlagSpelling(flag), std::min(width, kMostSpelling), FlagHelp(table, flag));
    }
  }
  return text;
}

std::string ExampleLines(const std::vector<Example>& examples) {
  std::string text;
  for (const Example& example : examples) {
    if (!example.says.empty()) text += fmt::format("  # {}\n", example.says);
    text += fmt::format("  {}\n", example.line);
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
  std::string text =
      fmt::format("{}\nExamples:\n{}\nUsage:\n  {}\n", Wrapped(fmt::format("{}.", command.summary)),
                  ExampleLines(command.examples), UsageLine(table, command));
  if (!command.details.empty()) text += "\n" + Wrapped(command.details);
  return text + FlagLines(table, "Flags", command.flags) +
         FlagLines(table, "Global flags", table.global_flags);
}

std::string FlagTable(const CommandTable& table, const std::vector<Flag>& flags) {
  std::string text = "| flag | meaning |\n| --- | --- |\n";
  for (const Flag& flag : flags) {
    std::string spelling = FlagSpelling(flag);
    spelling.erase(0, spelling.find_first_not_of(' '));
    std::string help;
    for (const char c : FlagHelp(table, flag))
      help += c == '|' ? std::string("\\|") : std::string(1, c);
    text += fmt::format("| `{}` | {} |\n", spelling, help);
  }
  return text;
}

std::string CommandMarkdown(const CommandTable& table, const Command& command) {
  std::string text = fmt::format("### {}\n\n{}.\n\n```sh\n", command.path, command.summary);
  for (const Example& example : command.examples) {
    text += fmt::format("# {}\n{}\n", example.says, example.line);
  }
  text += fmt::format("```\n\nUsage: `{}`\n", UsageLine(table, command));
  if (!command.details.empty()) text += fmt::format("\n{}\n", command.details);
  if (!command.flags.empty()) text += "\n" + FlagTable(table, command.flags);
  return text + "\n";
}

}  // namespace

std::string UsageLine(const CommandTable& table, const Command& command) {
  std::string text = fmt::format("{} {}", table.program, command.path);
  for (const Argument& argument : command.arguments) {
    std::string spelling(argument.name);
    if (argument.max < 0) spelling += "...";
    text += argument.min == 0 ? fmt::format(" [{}]", spelling) : " " + spelling;
  }
  return text + " [flags]";
}

std::string Overview(const CommandTable& table) {
  const Command* const alone = table.Find("");
  std::string text = Wrapped(table.about);
  text += fmt::format("\nExamples:\n{}\nUsage:\n  {} {} [flags]\n", ExampleLines(table.examples),
                      table.program, alone == nullptr ? "COMMAND" : "[COMMAND]");
  for (const std::string_view family : Families(table)) {
    std::vector<const Command*> commands;
    for (const Command& command : table.commands) {
      if (command.family == family) commands.push_back(&command);
    }
    text += fmt::format("\n{}:\n{}", family, CommandLines(commands));
  }
  if (!table.topics.empty()) text += fmt::format("\nTopics ({} help TOPIC):\n", table.program);
  for (const Topic& topic : table.topics) text += Entry(topic.name, 12, topic.summary);
  if (alone != nullptr) text += FlagLines(table, "Flags", alone->flags);
  text += FlagLines(table, "Global flags", table.global_flags);
  return table.footer.empty() ? text : text + "\n" + Wrapped(table.footer);
}

std::string SeeHelp(const CommandTable& table, const std::vector<std::string>& words) {
  const Command* command = table.Beginning(words);
  const std::string path = command == nullptr ? "" : fmt::format("{} ", command->path);
  return fmt::format("See {} {}--help.", table.program, path);
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
  return UsageError(fmt::format("there is no help on \"{}\"{}", subject,
                                DidYouMean(Nearest(subject, candidates))));
}

std::string MarkdownReference(const CommandTable& table) {
  std::string text =
      fmt::format(
          "# {0}\n\n"
          "The command line of Cairn. This page is printed by `{0} help --markdown` from the "
          "table\n"
          "that parsing, help and completion come from; a test keeps it up to date.\n\n"
          "## Global flags\n\n",
          table.program) +
      FlagTable(table, table.global_flags) + "\n";
  for (const std::string_view family : Families(table)) {
    text += fmt::format("## {}\n\n", family);
    for (const Command& command : table.commands) {
      if (command.family == family) text += CommandMarkdown(table, command);
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

}  // namespace cairn::command_line

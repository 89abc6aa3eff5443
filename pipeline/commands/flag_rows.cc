#include "pipeline/commands/flag_rows.h"

#include <utility>

namespace cairn::pipeline {

using command_line::Command;
using command_line::Example;
using command_line::Flag;
using command_line::FlagKind;

Flag PathFlag(std::string_view name, std::string_view value, std::string_view help,
              std::string_view section) {
  return {.name = name, .kind = FlagKind::kPath, .value = value, .help = help, .section = section};
}

Flag TextFlag(std::string_view name, std::string_view value, std::string_view help,
              std::string_view section) {
  return {.name = name, .value = value, .help = help, .section = section};
}

Flag SwitchFlag(std::string_view name, std::string_view help, std::string_view section) {
  return {.name = name, .kind = FlagKind::kSwitch, .help = help, .section = section};
}

Flag ThreadsFlag(std::string_view help) {
  return {.name = "threads",
          .kind = FlagKind::kInteger,
          .value = "N",
          .help = help,
          .least = 0,
          .most = 64,
          .section = kComputedSection};
}

Flag SettingsFlag() {
  return {.name = "set",
          .repeatable = true,
          .value = "KEY=VALUE",
          .help =
              "a setting by its place in the configuration file. How the input is written is "
              "decided from the whole file unless set: "
              "input.encoding (utf-8, utf-16, windows-1252, iso-8859-1), input.separator "
              "(comma, semicolon, tab, bar), input.decimal (point, comma), input.date_order "
              "(day_first, month_first, year_first), input.sheet (NAME), input.null_values "
              "([WORD, ...]); also cleaning.home_country (NAME), cleaning.product_codes "
              "(auto, two_digits, all) and cleaning.max_set_aside_share (0..1). "
              "`cairn-pipeline config` prints all keys",
          .section = kInputSection,
          .variable = command_line::kNoVariable};
}

Flag DataFlag() {
  Flag data = PathFlag("data", "FILE",
                       "transactions: CSV, plain or as .gz .zst .zip, or .xlsx; a file, a pipe, or "
                       "- for standard input",
                       kInputSection);
  data.required = true;
  return data;
}

Flag ServerFlag(std::string_view help) {
  return TextFlag("server", "HOST:PORT", help, kServerSection);
}

Flag PrincipalFlag() {
  Flag principal =
      TextFlag("principal", "NAME", "who calls, as the server records it", kServerSection);
  principal.printable = true;
  return principal;
}

std::vector<Flag> JoinedFlags(std::initializer_list<std::vector<Flag>> lists) {
  std::vector<Flag> flags;
  for (const std::vector<Flag>& list : lists) flags.insert(flags.end(), list.begin(), list.end());
  return flags;
}

Command CommandRow(std::string_view path, std::string_view summary, std::vector<Flag> flags,
                   std::vector<Example> examples) {
  return {.path = path,
          .family = "Commands",
          .summary = summary,
          .flags = std::move(flags),
          .examples = std::move(examples)};
}

}  // namespace cairn::pipeline

#ifndef CAIRN_PIPELINE_COMMANDS_FLAG_ROWS_H_
#define CAIRN_PIPELINE_COMMANDS_FLAG_ROWS_H_

#include <string_view>
#include <vector>

#include "lib/command_line/command.h"

namespace cairn::pipeline {

// Rows that tables of flags are put together from. Pure; texts must be literals.

// Headings in help.
inline constexpr std::string_view kInputSection = "Input";
inline constexpr std::string_view kServerSection = "Server";
inline constexpr std::string_view kComputedSection = "What is computed";
inline constexpr std::string_view kResultsSection = "Results";

command_line::Flag PathFlag(std::string_view name, std::string_view value, std::string_view help,
                            std::string_view section);
command_line::Flag TextFlag(std::string_view name, std::string_view value, std::string_view help,
                            std::string_view section);
command_line::Flag SwitchFlag(std::string_view name, std::string_view help,
                              std::string_view section);
command_line::Flag ThreadsFlag(std::string_view help);
// --set KEY=VALUE.
command_line::Flag SettingsFlag();
// --data FILE, required: transactions of any form.
command_line::Flag DataFlag();
// --server HOST:PORT; `help` says what for.
command_line::Flag ServerFlag(std::string_view help);
// --principal NAME.
command_line::Flag PrincipalFlag();

// One list after the other.
std::vector<command_line::Flag> JoinedFlags(
    std::initializer_list<std::vector<command_line::Flag>> lists);

// A command of the family "Commands".
command_line::Command CommandRow(std::string_view path, std::string_view summary,
                                 std::vector<command_line::Flag> flags,
                                 std::vector<command_line::Example> examples);

}  // namespace cairn::pipeline

#endif  // CAIRN_PIPELINE_COMMANDS_FLAG_ROWS_H_

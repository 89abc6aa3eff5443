#ifndef CAIRN_CLIENT_CLI_CLI_COMMAND_H_
#define CAIRN_CLIENT_CLI_CLI_COMMAND_H_

#include "lib/command_line/command.h"
#include "lib/command_line/flag_values.h"

// The dialect of all programs (lib/command_line), by the names that mlctl's commands use.
namespace cairn::cli {

using command_line::Argument;
using command_line::CheckFlagValue;
using command_line::Command;
using command_line::CommandTable;
using command_line::DidYouMean;
using command_line::Example;
using command_line::Flag;
using command_line::FlagKind;
using command_line::Invocation;
using command_line::ParseDurationMillis;
using command_line::ParsePair;
using command_line::ParsePairs;
using command_line::ParseSwitch;
using command_line::Topic;
using command_line::UsageError;

class Session;

// What stands before a flag's name in its environment variable.
inline constexpr std::string_view kVariablePrefix = "MLCTL_";

}  // namespace cairn::cli

#endif  // CAIRN_CLIENT_CLI_CLI_COMMAND_H_

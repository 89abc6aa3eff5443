#include "lib/command_line/command.h"

#include <cctype>

namespace cairn::command_line {

const Command* CommandTable::Find(std::string_view path) const {
  for (const Command& command : commands) {
    if (command.path == path) return &command;
  }
  return nullptr;
}

bool CommandTable::IsGroup(std::string_view word) const {
  for (const Command& command : commands) {
    const std::string_view path = command.path;
    if (path.size() > word.size() && path.substr(0, word.size()) == word &&
        path[word.size()] == ' ') {
      return true;
    }
  }
  return false;
}

const Command* CommandTable::Beginning(const std::vector<std::string>& words) const {
  const Command* found = nullptr;
  std::string path;
  for (const std::string& word : words) {
    path += (path.empty() ? "" : " ") + word;
    if (const Command* command = Find(path)) found = command;
    if (!IsGroup(path)) break;
  }
  return found;
}

const Flag* CommandTable::FindFlag(const Command* command, std::string_view name) const {
  if (command != nullptr) {
    for (const Flag& flag : command->flags) {
      if (flag.name == name) return &flag;
    }
  }
  for (const Flag& flag : global_flags) {
    if (flag.name == name) return &flag;
  }
  return nullptr;
}

const Flag* CommandTable::FindLetter(const Command* command, char letter) const {
  if (command != nullptr) {
    for (const Flag& flag : command->flags) {
      if (flag.letter == letter) return &flag;
    }
  }
  for (const Flag& flag : global_flags) {
    if (flag.letter == letter) return &flag;
  }
  return nullptr;
}

std::string CommandTable::VariableOf(const Flag& flag) const {
  if (flag.variable == kNoVariable) return "";
  return flag.variable.empty() ? VariableName(prefix, flag.name) : std::string(flag.variable);
}

std::string VariableName(std::string_view prefix, std::string_view flag) {
  std::string name(prefix);
  for (const char c : flag) {
    name += c == '-' ? '_' : static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  }
  return name;
}

}  // namespace cairn::command_line

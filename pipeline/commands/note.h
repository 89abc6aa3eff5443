#ifndef CAIRN_PIPELINE_COMMANDS_NOTE_H_
#define CAIRN_PIPELINE_COMMANDS_NOTE_H_

#include <fmt/format.h>

#include <cstdio>
#include <utility>

namespace cairn::pipeline {

// Prints to standard error, for people. Unlike fmt::print it does not throw when nobody
// can be told: that stops no run. The line end is the caller's. The text is made whole
// before it is written, so that lines of several threads do not mix within. Any thread.
// Results never go here but to standard output, which may be piped on.
template <typename... Args>
void Note(fmt::format_string<Args...> format, Args&&... args) {
  std::fputs(fmt::format(format, std::forward<Args>(args)...).c_str(), stderr);
}

}  // namespace cairn::pipeline

#endif  // CAIRN_PIPELINE_COMMANDS_NOTE_H_

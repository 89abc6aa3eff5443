#include "lib/base/standard_streams.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <initializer_list>

namespace cairn {

void HoldStandardStreams() {
  for (const int fd : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    if (::fcntl(fd, F_GETFD) != -1 || errno != EBADF) continue;
    // The lowest number that is free is this one: those below are open by now.
    const int held = ::open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY);
    if (held != fd) ::_exit(EXIT_FAILURE);
  }
}

namespace {

// What stands here runs before every initialiser of the program, those with a priority too.
[[gnu::section(".preinit_array"), gnu::used]] void (*const kHoldFirst)() = HoldStandardStreams;

}  // namespace

bool FlushStandardOutput() { return std::fflush(stdout) == 0 && std::ferror(stdout) == 0; }

bool StandardErrorIsWhole() { return std::fflush(stderr) == 0 && std::ferror(stderr) == 0; }

}  // namespace cairn

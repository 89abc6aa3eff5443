#include "client-cli/commands/shell_command.h"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "lib/base/files.h"
#include "lib/base/status_macros.h"

extern char** environ;

namespace cairn::cli {
namespace {

// Starts a shell with the command, the descriptor `input` as its standard input.
absl::StatusOr<pid_t> Spawn(const std::string& command, int input,
                            std::vector<std::string> variables) {
  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attributes;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawnattr_init(&attributes);
  ::posix_spawn_file_actions_adddup2(&actions, input, STDIN_FILENO);
  // This program waits for interrupts with a thread; the command is to get them as usual.
  sigset_t none;
  ::sigemptyset(&none);
  ::posix_spawnattr_setsigmask(&attributes, &none);
  ::posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK);
  for (char** variable = environ; *variable != nullptr; ++variable) {
    if (!std::string_view(*variable).starts_with("CAIRN_")) variables.emplace_back(*variable);
  }
  std::vector<char*> environment;
  for (std::string& variable : variables) environment.push_back(variable.data());
  environment.push_back(nullptr);
  std::string shell = "sh";
  std::string flag = "-c";
  std::string text = command;
  char* const words[] = {shell.data(), flag.data(), text.data(), nullptr};
  pid_t child = -1;
  const int error =
      ::posix_spawn(&child, "/bin/sh", &actions, &attributes, words, environment.data());
  ::posix_spawn_file_actions_destroy(&actions);
  ::posix_spawnattr_destroy(&attributes);
  if (error != 0) return FileError(error, "start", "/bin/sh");
  return child;
}

}  // namespace

absl::StatusOr<int> RunShell(const std::string& command, std::vector<std::string> variables,
                             std::string_view input) {
  const int file = ::memfd_create("input", MFD_CLOEXEC);
  if (file < 0) return FileError(errno, "create", "a file in memory");
  absl::StatusOr<pid_t> child = -1;
  const absl::Status written = WriteAllAt(file, 0, input, "a file in memory");
  if (written.ok()) child = Spawn(command, file, std::move(variables));
  ::close(file);
  CAIRN_RETURN_IF_ERROR(written);
  CAIRN_RETURN_IF_ERROR(child.status());
  int status = 0;
  while (::waitpid(*child, &status, 0) < 0) {
    if (errno != EINTR) return FileError(errno, "wait for", command);
  }
  return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

}  // namespace cairn::cli

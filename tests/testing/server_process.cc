#include "tests/testing/server_process.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <system_error>

namespace cairn::testing {
namespace {

std::vector<char*> ToArgv(const std::vector<std::string>& arguments) {
  std::vector<char*> argv;
  for (const std::string& argument : arguments) argv.push_back(const_cast<char*>(argument.c_str()));
  argv.push_back(nullptr);
  return argv;
}

// Starts a program with its standard output, and its error output too if
// `errors`, going into a pipe whose reading end is returned.
int Spawn(const std::vector<std::string>& arguments, bool errors, pid_t* pid) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) ::abort();
  const std::vector<char*> argv = ToArgv(arguments);
  // Not a fork: gRPC hooks into that, and fails now and then while clients of this
  // process have threads under way.
  posix_spawn_file_actions_t actions;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
  if (errors) ::posix_spawn_file_actions_adddup2(&actions, ends[1], STDERR_FILENO);
  if (::posix_spawn(pid, argv[0], &actions, nullptr, argv.data(), environ) != 0) ::abort();
  ::posix_spawn_file_actions_destroy(&actions);
  ::close(ends[1]);
  return ends[0];
}

int ExitCode(int status) {
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

}  // namespace

TempFolder::TempFolder() {
  path_ = std::filesystem::temp_directory_path() / "cairn-test-XXXXXX";
  if (::mkdtemp(path_.data()) == nullptr) ::abort();
}

TempFolder::~TempFolder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

std::string ProgramPath(const std::string& name) { return std::string(CAIRN_BIN_DIR) + "/" + name; }

ProgramResult RunProgram(const std::vector<std::string>& arguments) {
  pid_t pid = -1;
  const int fd = Spawn(arguments, /*errors=*/true, &pid);
  ProgramResult result;
  char buffer[4096];
  for (ssize_t n = 0; (n = ::read(fd, buffer, sizeof(buffer))) > 0;) {
    result.output.append(buffer, static_cast<size_t>(n));
  }
  ::close(fd);
  int status = 0;
  ::waitpid(pid, &status, 0);
  result.exit_code = ExitCode(status);
  return result;
}

RunningProgram::RunningProgram(const std::vector<std::string>& arguments)
    : output_(::fdopen(Spawn(arguments, /*errors=*/false, &pid_), "r")) {}

RunningProgram::~RunningProgram() {
  Kill();
  Wait();
  ::fclose(output_);
}

bool RunningProgram::NextLine(std::string* line) {
  char buffer[4096];
  if (::fgets(buffer, sizeof(buffer), output_) == nullptr) return false;
  *line = buffer;
  if (!line->empty() && line->back() == '\n') line->pop_back();
  return true;
}

void RunningProgram::Kill() {
  if (pid_ >= 0) ::kill(pid_, SIGKILL);
}

int RunningProgram::Wait() {
  if (pid_ < 0) return -1;
  int status = 0;
  ::waitpid(pid_, &status, 0);
  pid_ = -1;
  return ExitCode(status);
}

bool ServerProcess::Start() {
  std::vector<std::string> arguments = {program_,         "--data-dir",  data_dir_,
                                        "--grpc-address", "127.0.0.1:0", "--http-address",
                                        "127.0.0.1:0",    "--log-level", "error"};
  arguments.insert(arguments.end(), flags_.begin(), flags_.end());
  const int fd = Spawn(arguments, /*errors=*/false, &pid_);
  FILE* stream = ::fdopen(fd, "r");
  char grpc[128] = "";
  char http[128] = "";
  const bool ready = ::fscanf(stream, "ready grpc=%127s http=%127s", grpc, http) == 2;
  ::fclose(stream);
  grpc_address_ = grpc;
  http_address_ = http;
  if (!ready) Wait();
  return ready;
}

void ServerProcess::Kill() {
  if (pid_ < 0) return;
  ::kill(pid_, SIGKILL);
  Wait();
}

int ServerProcess::Stop() {
  ::kill(pid_, SIGTERM);
  return Wait();
}

int ServerProcess::Wait() {
  int status = 0;
  ::waitpid(pid_, &status, 0);
  pid_ = -1;
  return ExitCode(status);
}

std::string HttpExchange(const std::string& address, const std::string& request) {
  const size_t colon = address.rfind(':');
  sockaddr_in target{};
  target.sin_family = AF_INET;
  target.sin_port = htons(static_cast<uint16_t>(std::stoi(address.substr(colon + 1))));
  ::inet_pton(AF_INET, address.substr(0, colon).c_str(), &target.sin_addr);
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  std::string answer;
  if (::connect(fd, reinterpret_cast<sockaddr*>(&target), sizeof(target)) == 0) {
    for (size_t sent = 0; sent < request.size();) {
      const ssize_t n = ::send(fd, request.data() + sent, request.size() - sent, MSG_NOSIGNAL);
      if (n <= 0) break;
      sent += static_cast<size_t>(n);
    }
    char buffer[4096];
    for (ssize_t n = 0; (n = ::read(fd, buffer, sizeof(buffer))) > 0;) {
      answer.append(buffer, static_cast<size_t>(n));
    }
  }
  ::close(fd);
  return answer;
}

std::string HttpGet(const std::string& address, const std::string& path) {
  return HttpExchange(
      address, "GET " + path + " HTTP/1.1\r\nHost: " + address + "\r\nConnection: close\r\n\r\n");
}

}  // namespace cairn::testing

#ifndef CAIRN_TESTS_TESTING_SERVER_PROCESS_H_
#define CAIRN_TESTS_TESTING_SERVER_PROCESS_H_

#include <stdio.h>
#include <sys/types.h>

#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"

namespace cairn::testing {

// A folder of its own below the system's temporary one, removed at the end.
class TempFolder {
 public:
  TempFolder();
  ~TempFolder();
  TempFolder(const TempFolder&) = delete;
  TempFolder& operator=(const TempFolder&) = delete;

  const std::string& path() const { return path_; }
  std::string operator/(const std::string& name) const { return path_ + "/" + name; }

 private:
  std::string path_;
};

// How a program ended and what it wrote.
struct ProgramResult {
  int exit_code = -1;  // 128 + signal when a signal ended it
  std::string output;  // standard output and error, mixed
};

// The path of one of the programs that were built: "cairnd", "mlctl", "cairn-pipeline".
std::string ProgramPath(const std::string& name);

// Runs a program to its end.
ProgramResult RunProgram(const std::vector<std::string>& arguments);

// A program under way, whose standard output is read line by line. Owned by one thread. The
// destructor kills it if it still runs.
class RunningProgram {
 public:
  explicit RunningProgram(const std::vector<std::string>& arguments);
  ~RunningProgram();
  RunningProgram(const RunningProgram&) = delete;
  RunningProgram& operator=(const RunningProgram&) = delete;

  // Waits for the next line, without its end; false when there are no more.
  bool NextLine(std::string* line);

  pid_t pid() const { return pid_; }

  // SIGKILL; what it wrote before can still be read.
  void Kill();

  // Waits for its end; the exit code, or 128 + signal.
  int Wait();

 private:
  pid_t pid_ = -1;
  FILE* output_ = nullptr;
};

// The real server, started on free ports of the loopback interface.
//
// Owned by one thread. The destructor kills the process if it still runs.
class ServerProcess {
 public:
  // `flags` are given to it beside those for the directory and the ports. `program` may be
  // another build of it.
  explicit ServerProcess(std::string data_dir, std::vector<std::string> flags = {},
                         std::string program = ProgramPath("cairnd"))
      : program_(std::move(program)), data_dir_(std::move(data_dir)), flags_(std::move(flags)) {}
  ~ServerProcess() { Kill(); }
  ServerProcess(const ServerProcess&) = delete;
  ServerProcess& operator=(const ServerProcess&) = delete;

  // Starts the server and waits for its ready line; false if it ended instead.
  bool Start();

  // SIGKILL, at whatever it is doing.
  void Kill();

  // SIGTERM; returns the exit code.
  int Stop();

  const std::string& grpc_address() const { return grpc_address_; }
  const std::string& http_address() const { return http_address_; }
  const std::string& data_dir() const { return data_dir_; }
  pid_t pid() const { return pid_; }

 private:
  int Wait();

  const std::string program_;
  const std::string data_dir_;
  const std::vector<std::string> flags_;
  pid_t pid_ = -1;
  std::string grpc_address_;
  std::string http_address_;
};

// Sends `request`, which asks for the end of the connection, and reads to that end. A server that
// answers before it has read everything is heard too.
std::string HttpExchange(const std::string& address, const std::string& request);

// The body and status line of GET `path`; the whole answer as text.
std::string HttpGet(const std::string& address, const std::string& path);

}  // namespace cairn::testing

#endif  // CAIRN_TESTS_TESTING_SERVER_PROCESS_H_

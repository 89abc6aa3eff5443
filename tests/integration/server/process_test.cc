// What the programs make of where they are started: closed descriptors, permissions.

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <string>

#include "lib/base/files.h"
#include "tests/testing/eventually.h"
#include "tests/testing/server_process.h"

namespace cairn {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;
using ::testing::Not;
using testing::ProgramPath;
using testing::RunningProgram;
using testing::RunProgram;
using testing::ServerProcess;
using testing::TempFolder;

std::string FreeAddress() {
  const int fd = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof(address);
  EXPECT_EQ(::bind(fd, reinterpret_cast<sockaddr*>(&address), size), 0);
  EXPECT_EQ(::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size), 0);
  ::close(fd);
  return "127.0.0.1:" + std::to_string(ntohs(address.sin_port));
}

std::string Shell(const std::string& program, const std::string& arguments) {
  return "exec " + ProgramPath(program) + " " + arguments;
}

bool Answers(const std::string& http_address) {
  return testing::Eventually([&] {
    return testing::HttpGet(http_address, "/health").find("200 OK") != std::string::npos;
  });
}

TEST(ClosedDescriptorsTest, NoLogLineOfTheServerGoesIntoAFileOfTheStore) {
  const TempFolder folder;
  for (const std::string closed : {"2>&-", ">&- 2>&-", "<&- >&- 2>&-", "<&- 2>&-"}) {
    SCOPED_TRACE(closed);
    const std::string store = folder / ("store" + std::to_string(closed.size()));
    const std::string http = FreeAddress();
    RunningProgram server(
        {"/bin/sh", "-c",
         Shell("cairnd", "--log-level debug --data-dir " + store +
                             " --grpc-address 127.0.0.1:0 --http-address " + http + " " + closed)});
    EXPECT_TRUE(Answers(http));
    server.Kill();
    server.Wait();
    int files = 0;
    for (const auto& entry : fs::recursive_directory_iterator(store)) {
      if (!entry.is_regular_file()) continue;
      ++files;
      const std::string bytes = ReadFile(entry.path()).value();
      EXPECT_THAT(bytes, Not(HasSubstr("msg="))) << entry.path();
      EXPECT_THAT(bytes, Not(HasSubstr("ready grpc="))) << entry.path();
    }
    EXPECT_GT(files, 3);
  }
}

TEST(ClosedDescriptorsTest, AResultThatCannotBeWrittenIsAFailure) {
  const TempFolder folder;
  const std::string generate = "generate --customers 20 --out -";
  for (const auto& [program, arguments] :
       {std::pair<std::string, std::string>{"mlctl", "version --client"},
        {"mlctl", "help"},
        {"cairnd", "--version"},
        {"cairn-pipeline", "--version"},
        {"cairn-pipeline", generate}}) {
    SCOPED_TRACE(program + " " + arguments);
    const auto run = [&, &program = program, &arguments = arguments](const std::string& to) {
      return RunProgram({"/bin/sh", "-c", Shell(program, arguments + " " + to)});
    };
    EXPECT_EQ(run("").exit_code, 0);
    EXPECT_EQ(run(">&-").exit_code, 1);
    EXPECT_EQ(run(">/dev/full").exit_code, 1);
    // What was made is a part of the result that stands on standard error.
    EXPECT_EQ(run("2>&-").exit_code, arguments == generate ? 1 : 0);
  }
}

TEST(PermissionsTest, AStoreThatTheServerMakesIsItsOwnersOnly) {
  const TempFolder folder;
  ServerProcess server(folder / "data/store");
  ASSERT_TRUE(server.Start());
  ASSERT_EQ(server.Stop(), 0);
  struct stat info {};
  ASSERT_EQ(::stat((folder / "data/store").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 07777, 0700U);
  int directories = 0;
  for (const auto& entry : fs::recursive_directory_iterator(folder.path())) {
    ASSERT_EQ(::stat(entry.path().c_str(), &info), 0);
    directories += entry.is_directory() ? 1 : 0;
    EXPECT_EQ(info.st_mode & 07777, entry.is_directory() ? 0700U : 0600U) << entry.path();
  }
  EXPECT_GE(directories, 5);  // data, store, packs, index, kv
}

TEST(PermissionsTest, ADirectoryThatIsOpenToOthersIsToldOfAndLeftSo) {
  const TempFolder folder;
  for (const mode_t mode : {0700, 0755, 0770}) {
    SCOPED_TRACE(mode);
    const std::string store = folder / ("store" + std::to_string(mode));
    ASSERT_EQ(::mkdir(store.c_str(), 0700), 0);
    ASSERT_EQ(::chmod(store.c_str(), mode), 0);
    RunningProgram server(
        {"/bin/sh", "-c",
         Shell("cairnd", "--grpc-address 127.0.0.1:0 --http-address 127.0.0.1:0 --data-dir " +
                             store + " 2>&1")});
    std::string log;
    for (std::string line; line.rfind("ready ", 0) != 0 && server.NextLine(&line);) log += line;
    EXPECT_EQ(log.find("others may enter") != std::string::npos, mode != 0700) << log;
    struct stat info {};
    ASSERT_EQ(::stat(store.c_str(), &info), 0);
    EXPECT_EQ(info.st_mode & 07777, mode);
  }
}

}  // namespace
}  // namespace cairn

// Loaded into a program with LD_PRELOAD: ends it with SIGKILL at the n-th event, an event being a
// call that makes, writes, renames or removes a file, or that sends or receives over the network.
// The file that CAIRN_KILL_PLAN names holds the plan (kill_at_event.h) and counts the events.

#undef _FORTIFY_SOURCE  // Its inline versions of what is replaced here would be in the way.

#include "tests/fault/kill_at_event.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

namespace {

using cairn::testing::KillPlan;

KillPlan* OpenPlan() {
  const char* path = ::getenv("CAIRN_KILL_PLAN");
  if (path == nullptr) return nullptr;
  // Not ::open, which is replaced below.
  FILE* file = ::fopen(path, "r+e");
  if (file == nullptr) return nullptr;
  void* at =
      ::mmap(nullptr, sizeof(KillPlan), PROT_READ | PROT_WRITE, MAP_SHARED, ::fileno(file), 0);
  ::fclose(file);
  // Programs that this one begins are not part of the drill: their events are not its own.
  ::unsetenv("LD_PRELOAD");
  return at == MAP_FAILED ? nullptr : static_cast<KillPlan*>(at);
}

KillPlan* Plan() {
  static KillPlan* const plan = OpenPlan();
  return plan;
}

// The event is counted; whether it is the last.
bool IsLast() { return Plan() != nullptr && Plan()->events.fetch_add(1) + 1 == Plan()->kill_at; }

[[noreturn]] void End() {
  if (Plan()->with > 0) ::kill(Plan()->with, SIGKILL);
  ::kill(::getpid(), SIGKILL);
  while (true) ::pause();
}

void Event() {
  if (IsLast()) End();
}

bool IsFile(int fd) {
  struct stat info {};
  return ::fstat(fd, &info) == 0 && S_ISREG(info.st_mode);
}

template <typename Function>
Function* Real(const char* name) {
  return reinterpret_cast<Function*>(::dlsym(RTLD_NEXT, name));
}

// Half of a text arrives where the event is the last.
template <typename Write>
ssize_t WriteOrEnd(int fd, size_t size, const Write& write) {
  if (!IsFile(fd)) return write(size);
  if (!IsLast()) return write(size);
  write(size / 2);
  End();
}

}  // namespace

#define CAIRN_REPLACE(result, name, parameters, arguments)    \
  extern "C" result name parameters {                         \
    static auto* const real = Real<result parameters>(#name); \
    Event();                                                  \
    return real arguments;                                    \
  }

CAIRN_REPLACE(int, rename, (const char* from, const char* to), (from, to))
CAIRN_REPLACE(int, unlink, (const char* path), (path))
CAIRN_REPLACE(int, remove, (const char* path), (path))
CAIRN_REPLACE(int, mkdir, (const char* path, mode_t mode), (path, mode))
CAIRN_REPLACE(int, ftruncate, (int fd, off_t size), (fd, size))
CAIRN_REPLACE(int, flock, (int fd, int operation), (fd, operation))
CAIRN_REPLACE(ssize_t, sendmsg, (int fd, const msghdr* message, int flags), (fd, message, flags))

extern "C" ssize_t recvmsg(int fd, msghdr* message, int flags) {
  static auto* const real = Real<ssize_t(int, msghdr*, int)>("recvmsg");
  const ssize_t size = real(fd, message, flags);
  // What it was about to hear has happened.
  if (size > 0) Event();
  return size;
}

extern "C" int open(const char* path, int flags, ...) {
  static auto* const real = Real<int(const char*, int, ...)>("open");
  va_list rest;
  va_start(rest, flags);
  const mode_t mode = (flags & O_CREAT) != 0 ? va_arg(rest, mode_t) : 0;
  va_end(rest);
  if ((flags & O_CREAT) != 0) Event();
  return real(path, flags, mode);
}

extern "C" ssize_t write(int fd, const void* bytes, size_t size) {
  static auto* const real = Real<ssize_t(int, const void*, size_t)>("write");
  return WriteOrEnd(fd, size, [&](size_t some) { return real(fd, bytes, some); });
}

extern "C" ssize_t pwrite(int fd, const void* bytes, size_t size, off_t offset) {
  static auto* const real = Real<ssize_t(int, const void*, size_t, off_t)>("pwrite");
  return WriteOrEnd(fd, size, [&](size_t some) { return real(fd, bytes, some, offset); });
}

#ifndef CAIRN_PIPELINE_COMMANDS_LOCAL_FILES_H_
#define CAIRN_PIPELINE_COMMANDS_LOCAL_FILES_H_

#include <sys/stat.h>

#include <string>

namespace cairn::pipeline {

// What a word of the command line is on this machine, where it may name something else as well: a
// model on a server, a customer. What is not there, or may not be looked at, is neither.

inline bool IsRegularFile(const std::string& path) {
  struct stat info {};
  return ::stat(path.c_str(), &info) == 0 && S_ISREG(info.st_mode);
}

inline bool IsFolder(const std::string& path) {
  struct stat info {};
  return ::stat(path.c_str(), &info) == 0 && S_ISDIR(info.st_mode);
}

}  // namespace cairn::pipeline

#endif  // CAIRN_PIPELINE_COMMANDS_LOCAL_FILES_H_

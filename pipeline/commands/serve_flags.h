#ifndef CAIRN_PIPELINE_COMMANDS_SERVE_FLAGS_H_
#define CAIRN_PIPELINE_COMMANDS_SERVE_FLAGS_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "lib/command_line/command.h"
#include "lib/command_line/settings.h"
#include "pipeline/commands/server_flags.h"

namespace cairn::pipeline {

// Flags of `serve`. A file of the name `model` comes before a model on the server; of the latter
// a channel is followed, a version is fetched once. Sizes are in bytes, times in milliseconds, and
// all are within the bounds of their rows.
struct ServeFlags {
  std::string model;
  ServerFlags server;
  std::string consumer;  // empty: by host and process
  std::string address;
  std::vector<std::string> allowed_hosts;
  std::string state_dir;  // empty: the usual place
  int threads = 0;        // 0: one per processor
  size_t log_capacity = 0;
  std::string log_file;  // empty: none
  int64_t log_file_bytes = 0;
  size_t max_instances = 0;
  size_t max_body_bytes = 0;
  int64_t drain_millis = 0;
};

// The rows of the table (flag_table.h). Pure.
std::vector<command_line::Flag> ServeFlagRows();

// What the command line and the environment say. Pure. REQUIRES: `settings` are those of `serve`.
ServeFlags ServeFlagsOf(const command_line::Settings& settings);

}  // namespace cairn::pipeline

#endif  // CAIRN_PIPELINE_COMMANDS_SERVE_FLAGS_H_

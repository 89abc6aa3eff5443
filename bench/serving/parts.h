#ifndef CAIRN_BENCH_SERVING_PARTS_H_
#define CAIRN_BENCH_SERVING_PARTS_H_

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>

#include "bench/serving/load.h"
#include "tests/testing/server_process.h"

namespace cairn::bench {

// The parts of serving_bench. Each prints its rows, with the ratio to bare components
// that it measures itself.

struct Settings {
  double seconds = 5;     // of most rows
  double sustained = 0;   // of a longer stream of points; 0: none
  bool huge = false;      // also a series of 10^8 points
  int64_t runs = 10'000;  // in the experiments that are paged through and shown
  std::string parent = std::filesystem::temp_directory_path().string();
  std::string only;

  bool Wants(const std::string& part) const { return only.empty() || only == part; }
};

// The server that is measured, with a connection.
struct Target {
  const testing::ServerProcess& server;
  std::shared_ptr<grpc::Channel> channel;
  Stub& stub;
};

// One row of the output.
void Print(const std::string& what, const std::string& result);

// One value of the server's /metrics; -1 if it is not there.
double Gauge(const testing::ServerProcess& server, const std::string& name);

// The bytes of all files below `path`.
int64_t DirectoryBytes(const std::string& path);

// Waits until folding is over, which leaves a little of each series raw: until nothing
// changed for three seconds. How long it went on, in seconds.
double WaitForFolding(const testing::ServerProcess& server);

void UnaryCalls(const Target& target, const Settings& settings);
void Reads(const Target& target, const Settings& settings);
void Batches(const Target& target, const Settings& settings);
void Pages(const Target& target, const Settings& settings);
void Streams(const Target& target, const Settings& settings);
void Curves(const Target& target, const Settings& settings);

// Starts of an empty server, and of mlctl in an experiment of many runs.
void Starts(const Settings& settings);
void TypingSpeed(const Target& target, const Settings& settings);

}  // namespace cairn::bench

#endif  // CAIRN_BENCH_SERVING_PARTS_H_

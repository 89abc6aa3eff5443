#ifndef CAIRN_BENCH_ARTIFACTS_BENCH_TRANSFERS_H_
#define CAIRN_BENCH_ARTIFACTS_BENCH_TRANSFERS_H_

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "bench/artifacts/resident_peak.h"
#include "cairn/v1/artifacts.pb.h"
#include "lib/client/client.h"
#include "lib/client/transfer_progress.h"
#include "lib/client/uploader.h"
#include "tests/testing/server_process.h"

namespace cairn::bench {

// What the benchmarks of transfers share. All of it ends the process when something fails,
// saying what.

using BenchClock = std::chrono::steady_clock;
inline constexpr int64_t kMebi = 1 << 20;

double SecondsSince(BenchClock::time_point begin);
void Check(const absl::Status& status, const char* what);

// Bytes that do not compress and depend on the seed alone.
std::string Noise(int64_t size, uint64_t seed);

// The bare components, in bytes a second.
struct Ceilings {
  double hash = 1;
  double disk = 1;
};

// So many bytes through SHA-256 alone, and to a file in `folder` with a sync after each MiB.
// Says also how fast they go into the page cache: into memory that the machine uses for the
// first time, which a virtual one first has to get from its host, and into memory that was
// just freed.
Ceilings MeasureBare(int64_t size, const std::string& folder);

// One line of the result: rate, and its ratio to the ceilings.
void Row(const std::string& what, int64_t bytes, double seconds, const Ceilings& bare,
         const std::string& rest);

// A client with a connection of its own.
std::unique_ptr<client::Client> ConnectTo(const testing::ServerProcess& server);

// A transfer that is over.
struct Transfer {
  double seconds = 0;
  client::TransferProgress progress;
  std::vector<v1::ArtifactFile> files;
};

Transfer Upload(client::Client& client, const std::vector<client::UploadItem>& items,
                const client::UploadOptions& how = {});
Transfer Download(client::Client& client, const std::vector<v1::ArtifactFile>& files,
                  const std::string& directory);

// How much memory server and client took at most.
std::string Growth(ResidentPeak& server, ResidentPeak& own);

}  // namespace cairn::bench

#endif  // CAIRN_BENCH_ARTIFACTS_BENCH_TRANSFERS_H_

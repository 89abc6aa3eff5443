#ifndef CAIRN_BENCH_PROMOTION_WORLD_H_
#define CAIRN_BENCH_PROMOTION_WORLD_H_

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "bench/serving/load.h"
#include "cairn/v1/promotion.grpc.pb.h"
#include "cairn/v1/registry.grpc.pb.h"
#include "lib/client/client.h"
#include "tests/testing/server_process.h"

namespace cairn::bench {

// What the parts of promotion_bench ask for: how long, and which of them.
struct Settings {
  double seconds = 5;  // of each row
  int commands = 40;   // processes of mlctl
  std::string parent;  // where stores are made
  std::string only;

  bool Wants(const std::string& part) const { return only.empty() || only == part; }
};

// A policy and the versions that it judges.
struct Shape {
  std::string model = "m";
  std::string channel = "production";
  int versions = 50;
  int checks = 12;    // of which a third compares with the champion
  int64_t max = 50;   // of candidates
  std::string where;  // which versions are candidates; empty: all
};

// A real server with models to promote. Everything here ends the program with a message when a call
// fails. Used by one thread, but for the stubs.
class World {
 public:
  // Starts a server on a new store below `parent`.
  World(const std::string& parent, const std::string& name);

  const testing::ServerProcess& server() const { return server_; }
  client::Client& client() { return *client_; }
  v1::PromotionService::Stub& promotion() { return *promotion_; }
  v1::RegistryService::Stub& registry() { return *registry_; }
  v1::TrackingService::Stub& tracking() { return *tracking_; }
  const std::shared_ptr<grpc::Channel>& channel() const { return channel_; }

  // Applies a policy that trusts reported values, without versions.
  void Govern(const Shape& shape);
  // Registers the versions, all with their values, and promotes one.
  void Fill(const Shape& shape);

  v1::ArtifactFile Upload(const std::string& path, const std::string& bytes);
  std::string PutDataset(const std::string& dataset, const v1::ArtifactFile& file);
  void Apply(const std::string& source);
  // What registers version `number` with a value for each check.
  v1::CreateModelVersionRequest VersionOf(const Shape& shape, int64_t number,
                                          const std::map<std::string, std::string>& tags = {});

  // A value of the server's /metrics.
  double Gauge(const std::string& name) const;

 private:
  testing::ServerProcess server_;
  std::unique_ptr<client::Client> client_;
  std::shared_ptr<grpc::Channel> channel_;
  std::unique_ptr<v1::PromotionService::Stub> promotion_;
  std::unique_ptr<v1::RegistryService::Stub> registry_;
  std::unique_ptr<v1::TrackingService::Stub> tracking_;
  v1::ArtifactFile file_;
  std::string dataset_;
};

// Promotes the channel of `shape` with a call of its own.
grpc::Status Promote(World& world, const Shape& shape, bool dry_run, v1::Decision& decision);

// One row of the output.
void Print(const std::string& what, const std::string& result);

// "p50 1.2 p99 3.4 ms (2,000)".
std::string Describe(const Latencies& latencies);

// The value of `result`, or the end of the program.
template <typename T>
T Must(absl::StatusOr<T> result, const char* what);
void MustBeOk(const absl::Status& status, const char* what);

// The parts. Each prints its rows, with a ratio to what it measures beside.
void WholeCalls(const Settings& settings);       // 50 versions by 12 checks
void Processes(const Settings& settings);        // of mlctl, with measuring and without
void OthersMeanwhile(const Settings& settings);  // GetRun and LogBatch beside large promotions
void Arrivals(const Settings& settings);         // 137 registrations a second meanwhile

template <typename T>
T Must(absl::StatusOr<T> result, const char* what) {
  MustBeOk(result.status(), what);
  return *std::move(result);
}

}  // namespace cairn::bench

#endif  // CAIRN_BENCH_PROMOTION_WORLD_H_

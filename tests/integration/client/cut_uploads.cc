#include "tests/integration/client/cut_uploads.h"

#include <algorithm>
#include <filesystem>
#include <memory>
#include <random>
#include <string>
#include <utility>

#include "fmt/format.h"
#include "lib/base/digest.h"
#include "lib/base/files.h"
#include "lib/base/status_macros.h"
#include "lib/client/client.h"
#include "lib/client/downloader.h"
#include "tests/testing/server_process.h"

namespace cairn::testing {
namespace {

constexpr int64_t kMebi = 1 << 20;
constexpr int64_t kMaxSentAgain = 16 * kMebi;

std::string Noise(int64_t size, uint64_t seed) {
  std::mt19937_64 random(seed);
  std::string bytes;
  bytes.reserve(static_cast<size_t>(size) + 8);
  while (static_cast<int64_t>(bytes.size()) < size) {
    const uint64_t word = random();
    bytes.append(reinterpret_cast<const char*>(&word), sizeof(word));
  }
  bytes.resize(static_cast<size_t>(size));
  return bytes;
}

// How one process that uploads ended.
struct Attempt {
  int64_t sent = 0;
  bool was_cut = false;
  std::string sha256;  // empty if it did not succeed
};

// One upload, its cut and what comes after.
struct Round {
  int64_t size = 0;
  int64_t cut_after = 0;  // bytes sent
  bool kill_client = false;
  bool chunks = false;
  uint64_t noise = 0;

  std::string Name() const {
    return fmt::format("{} bytes in {}, the {} killed after {}", size,
                       chunks ? "chunks" : "one stream", kill_client ? "client" : "server",
                       cut_after);
  }
};

class CutUpload {
 public:
  explicit CutUpload(ServerProcess& server, const TempFolder& folder)
      : server_(server), folder_(folder) {}

  absl::Status Run(const Round& round, CutReport& report) {
    const std::string bytes = Noise(round.size, round.noise);
    const Digest digest = DigestOf(bytes);
    CAIRN_RETURN_IF_ERROR(WriteFileAtomically(folder_ / "file", bytes));
    const Attempt first = Upload(round, /*cut=*/true);
    if (server_.pid() < 0 && !server_.Start()) return absl::InternalError("no server");
    const Attempt second = Upload(round, /*cut=*/false);
    if (second.sha256 != digest.Hex()) return absl::InternalError("the upload did not succeed");
    if (first.was_cut) {
      ++report.cuts;
      if (round.kill_client) ++report.client_kills;
      const int64_t again = first.sent + second.sent - round.size;
      report.most_sent_again = std::max(report.most_sent_again, again);
      if (again > kMaxSentAgain) {
        return absl::InternalError(fmt::format("{} bytes were sent again", again));
      }
    }
    return Fetch(digest, bytes);
  }

 private:
  Attempt Upload(const Round& round, bool cut) {
    Attempt attempt;
    RunningProgram program({CAIRN_UPLOAD_ONCE, server_.grpc_address(), folder_ / "file",
                            round.chunks ? "chunks" : "stream"});
    for (std::string line; program.NextLine(&line);) {
      if (line.starts_with("done ")) {
        attempt.sha256 = line.substr(5);
        continue;
      }
      attempt.sent = std::stoll(line);
      if (!cut || attempt.was_cut || attempt.sent < round.cut_after) continue;
      attempt.was_cut = true;
      if (round.kill_client) {
        program.Kill();
      } else {
        server_.Kill();
      }
    }
    program.Wait();
    attempt.was_cut = attempt.was_cut && attempt.sha256.empty();
    return attempt;
  }

  absl::Status Fetch(const Digest& digest, const std::string& bytes) {
    client::ConnectOptions options;
    options.address = server_.grpc_address();
    CAIRN_ASSIGN_OR_RETURN(const auto client, client::Client::Connect(options));
    v1::ArtifactFile file;
    file.set_path("fetched");
    *file.mutable_digest() = client::ToWire(digest);
    CAIRN_RETURN_IF_ERROR(client::Downloader(*client).FetchFiles({file}, folder_.path()));
    CAIRN_ASSIGN_OR_RETURN(const std::string fetched, ReadFile(folder_ / "fetched"));
    std::filesystem::remove(folder_ / "fetched");
    if (fetched != bytes) return absl::InternalError("what was fetched differs");
    return absl::OkStatus();
  }

  ServerProcess& server_;
  const TempFolder& folder_;
};

}  // namespace

absl::StatusOr<CutReport> CutUploads(uint64_t seed, int uploads) {
  const TempFolder folder;
  ServerProcess server(folder / "store");
  if (!server.Start()) return absl::InternalError("no server");
  std::mt19937_64 random(seed);
  CutReport report;
  for (int i = 0; i < uploads; ++i) {
    Round round;
    round.size = static_cast<int64_t>(17 * kMebi + random() % (23 * kMebi));
    round.cut_after = static_cast<int64_t>(1 + random() % static_cast<uint64_t>(round.size));
    round.kill_client = random() % 3 != 0;
    round.chunks = random() % 2 == 0;
    round.noise = random();
    const absl::Status status = CutUpload(server, folder).Run(round, report);
    if (!status.ok()) {
      return absl::InternalError(
          fmt::format("seed {}, upload {}: {}: {}", seed, i, round.Name(), status.ToString()));
    }
  }
  return report;
}

}  // namespace cairn::testing

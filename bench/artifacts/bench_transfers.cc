#include "bench/artifacts/bench_transfers.h"

#include <fcntl.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <random>
#include <utility>

#include "fmt/format.h"
#include "lib/base/digest.h"
#include "lib/client/downloader.h"

namespace cairn::bench {

double SecondsSince(BenchClock::time_point begin) {
  return std::chrono::duration<double>(BenchClock::now() - begin).count();
}

void Check(const absl::Status& status, const char* what) {
  if (status.ok()) return;
  std::fprintf(stderr, "%s: %s\n", what, status.ToString().c_str());
  std::exit(1);
}

void Row(const std::string& what, int64_t bytes, double seconds, const Ceilings& bare,
         const std::string& rest) {
  const double rate = static_cast<double>(bytes) / seconds;
  std::printf("%-44s %7.2f s %7.3f GB/s %6.2f x hash %6.2f x disk  %s\n", what.c_str(), seconds,
              rate / 1e9, rate / bare.hash, rate / bare.disk, rest.c_str());
  std::fflush(stdout);
}

std::string Noise(int64_t size, uint64_t seed) {
  std::mt19937_64 random(seed);
  std::string bytes(static_cast<size_t>(size), '\0');
  for (size_t i = 0; i + 8 <= bytes.size(); i += 8) {
    const uint64_t word = random();
    std::memcpy(bytes.data() + i, &word, sizeof(word));
  }
  return bytes;
}

namespace {

enum class Sync { kNever, kAlways };

// Writes a file in parts and removes it; bytes a second.
double WriteRate(int64_t size, const std::string& folder, const std::string& part, Sync sync) {
  const std::string path = folder + "/bare";
  const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
  const auto begin = BenchClock::now();
  for (int64_t done = 0; done < size; done += static_cast<int64_t>(part.size())) {
    if (::write(fd, part.data(), part.size()) < 0) std::exit(1);
    if (sync == Sync::kAlways && ::fdatasync(fd) != 0) std::exit(1);
  }
  const double seconds = SecondsSince(begin);
  ::close(fd);
  std::filesystem::remove(path);
  return static_cast<double>(size) / seconds;
}

}  // namespace

Ceilings MeasureBare(int64_t size, const std::string& folder) {
  Ceilings bare;
  const std::string part = Noise(kMebi, 1);
  auto begin = BenchClock::now();
  Sha256Hasher hasher;
  for (int64_t done = 0; done < size; done += kMebi) hasher.Update(part);
  hasher.Finish();
  bare.hash = static_cast<double>(size) / SecondsSince(begin);
  const double fresh = WriteRate(size, folder, part, Sync::kNever);
  const double again = WriteRate(size, folder, part, Sync::kNever);
  bare.disk = WriteRate(size, folder, part, Sync::kAlways);
  std::printf(
      "bare SHA-256 %.3f GB/s, bare 1 MiB writes + fdatasync %.3f GB/s, without sync %.3f GB/s "
      "into fresh memory and %.3f into used\n",
      bare.hash / 1e9, bare.disk / 1e9, fresh / 1e9, again / 1e9);
  return bare;
}

std::unique_ptr<client::Client> ConnectTo(const testing::ServerProcess& server) {
  client::ConnectOptions options;
  options.address = server.grpc_address();
  options.call_timeout_millis = 300'000;
  auto client = client::Client::Connect(options);
  Check(client.status(), "connect");
  return std::move(*client);
}

Transfer Upload(client::Client& client, const std::vector<client::UploadItem>& items,
                const client::UploadOptions& how) {
  Transfer result;
  const auto begin = BenchClock::now();
  client::Uploader uploader(
      client, [&](const client::TransferProgress& progress) { result.progress = progress; }, how);
  auto files = uploader.Upload(items);
  Check(files.status(), "upload");
  result.seconds = SecondsSince(begin);
  result.files = std::move(*files);
  return result;
}

Transfer Download(client::Client& client, const std::vector<v1::ArtifactFile>& files,
                  const std::string& directory) {
  Transfer result;
  const auto begin = BenchClock::now();
  client::Downloader downloader(
      client, [&](const client::TransferProgress& progress) { result.progress = progress; });
  Check(downloader.FetchFiles(files, directory), "download");
  result.seconds = SecondsSince(begin);
  return result;
}

std::string Growth(ResidentPeak& server, ResidentPeak& own) {
  return fmt::format("memory +{:.1f} MB server, +{:.1f} MB client",
                     static_cast<double>(server.Growth()) / 1e6,
                     static_cast<double>(own.Growth()) / 1e6);
}

}  // namespace cairn::bench

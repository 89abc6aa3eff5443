#ifndef CAIRN_TESTS_UNIT_CLIENT_TRANSFER_FIXTURE_H_
#define CAIRN_TESTS_UNIT_CLIENT_TRANSFER_FIXTURE_H_

#include <gtest/gtest.h>

#include <cstdint>
#include <filesystem>
#include <memory>
#include <random>
#include <string>
#include <string_view>
#include <utility>

#include "lib/base/digest.h"
#include "lib/chunking/chunker.h"
#include "lib/client/artifact_client.h"
#include "tests/unit/client/fake_server.h"
#include "tests/unit/client/scratch_file.h"

namespace cairn::client {

// Bytes that do not compress and do not repeat.
inline std::string NoiseBytes(size_t size, uint64_t seed) {
  std::mt19937_64 generator(seed);
  std::string bytes;
  bytes.reserve(size + 8);
  while (bytes.size() < size) {
    const uint64_t word = generator();
    bytes.append(reinterpret_cast<const char*>(&word), sizeof(word));
  }
  bytes.resize(size);
  return bytes;
}

// A server that keeps blobs in memory, a client of it, and a folder.
class TransferFixture : public ::testing::Test {
 protected:
  // From now on the server takes chunks of 16 to 256 KiB.
  void TakeChunks(int64_t max_chunk_count = 10'000,
                  const chunking::ChunkerParams& params = {16 << 10, 64 << 10, 256 << 10}) {
    MutexLock lock(&server_.state().mutex);
    auto& chunking = *server_.state().info.mutable_chunking();
    chunking.set_min_bytes(params.min_bytes);
    chunking.set_average_bytes(params.average_bytes);
    chunking.set_max_bytes(params.max_bytes);
    chunking.set_max_chunk_count(max_chunk_count);
  }

  std::string Path(const std::string& name) const { return folder_.Other(name); }

  // Puts a blob on the server and returns its entry.
  v1::ArtifactFile Serve(const std::string& path, const std::string& bytes) {
    MutexLock lock(&server_.state().mutex);
    server_.state().blobs[Sha256Hex(bytes)] = bytes;
    v1::ArtifactFile file;
    file.set_path(path);
    *file.mutable_digest() = ToWire(DigestOf(bytes));
    server_.state().files.push_back(file);
    return file;
  }

  // What the server has under the digest of `bytes`; empty for nothing.
  std::string Stored(const std::string& bytes) {
    MutexLock lock(&server_.state().mutex);
    const auto blob = server_.state().blobs.find(Sha256Hex(bytes));
    return blob == server_.state().blobs.end() ? "" : blob->second;
  }

  // Reads or sets something of the server's state.
  template <typename Use>
  auto WithState(const Use& use) {
    MutexLock lock(&server_.state().mutex);
    return use(server_.state());
  }

  FakeServer server_;
  std::unique_ptr<Client> client_ = server_.Connect();
  const ScratchFile folder_;
};

}  // namespace cairn::client

#endif  // CAIRN_TESTS_UNIT_CLIENT_TRANSFER_FIXTURE_H_

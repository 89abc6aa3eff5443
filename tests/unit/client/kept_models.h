#ifndef CAIRN_TESTS_UNIT_CLIENT_KEPT_MODELS_H_
#define CAIRN_TESTS_UNIT_CLIENT_KEPT_MODELS_H_

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "lib/base/digest.h"
#include "lib/base/files.h"
#include "lib/base/manifest_text.h"
#include "lib/client/model_directory.h"
#include "tests/testing/status_matchers.h"

namespace cairn::client {

inline constexpr char kFollowedChannel[] = "models/m/channels/production";

// The files of version N by path, two of them, one in a folder.
inline std::map<std::string, std::string> FilesOf(int64_t version) {
  return {{"model.bin", "weights of " + std::to_string(version)},
          {"notes/card.md", std::string(5000, static_cast<char>('a' + version % 26))}};
}

inline std::vector<v1::ArtifactFile> WireFilesOf(int64_t version) {
  std::vector<v1::ArtifactFile> files;
  for (const auto& [path, bytes] : FilesOf(version)) {
    const Digest digest = DigestOf(bytes);
    v1::ArtifactFile& file = files.emplace_back();
    file.set_path(path);
    file.mutable_digest()->set_sha256(digest.Hex());
    file.mutable_digest()->set_size_bytes(digest.size_bytes);
  }
  return files;
}

inline void WriteFilesOf(int64_t version, const std::string& folder) {
  for (const auto& [path, bytes] : FilesOf(version)) {
    const std::filesystem::path place = std::filesystem::path(folder) / path;
    ASSERT_THAT(MakeDirectories(place.parent_path().string()), testing::IsOk());
    ASSERT_THAT(WriteFileAtomically(place.string(), bytes), testing::IsOk());
  }
}

inline KeptModel ModelOf(int64_t epoch, int64_t version) {
  KeptModel model;
  model.channel = kFollowedChannel;
  model.files = WireFilesOf(version);
  model.head = {epoch, "models/m/versions/" + std::to_string(version),
                Sha256Hex(ManifestText(model.files))};
  model.decision = "models/m/channels/production/decisions/d" + std::to_string(epoch);
  return model;
}

// The names in a folder, sorted.
inline std::vector<std::string> NamesIn(const std::string& folder) {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    names.push_back(entry.path().filename().string());
  }
  std::sort(names.begin(), names.end());
  return names;
}

}  // namespace cairn::client

#endif  // CAIRN_TESTS_UNIT_CLIENT_KEPT_MODELS_H_

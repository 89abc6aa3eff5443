#include "pipeline/stages/stage_cache.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <system_error>
#include <utility>
#include <vector>

#include "lib/base/digest.h"
#include "lib/base/files.h"
#include "lib/base/status_macros.h"
#include "pipeline/data/table_csv.h"

namespace cairn::pipeline {
namespace {

namespace fs = std::filesystem;

// Raised whenever values are written in another form: older files are then no values.
constexpr std::string_view kFormat = "cairn.cache.3\n";
constexpr size_t kDigestChars = 64;
constexpr size_t kKeptPerStage = 4;

}  // namespace

StageCache::StageCache(std::string_view directory)
    : directory_(directory.empty() ? std::string() : fmt::format("{}/.cache", directory)) {}

std::string StageCache::PathOf(std::string_view stage, std::string_view key,
                               std::string_view suffix) const {
  return fmt::format("{}/{}-{}{}", directory_, stage, key.substr(0, 24), suffix);
}

std::optional<std::string> StageCache::Load(std::string_view stage, std::string_view key) const {
  if (!enabled()) return std::nullopt;
  auto bytes = ReadFile(PathOf(stage, key, ".bin"));
  if (!bytes.ok() || bytes->size() < 2 * kDigestChars) return std::nullopt;
  const std::string_view all = *bytes;
  const std::string_view covered = all.substr(kDigestChars);
  if (all.substr(0, kDigestChars) != Sha256Hex(covered)) return std::nullopt;
  const std::string head = std::string(kFormat) + std::string(key);
  if (!covered.starts_with(head)) return std::nullopt;
  return std::string(covered.substr(head.size()));
}

absl::Status StageCache::Store(std::string_view stage, std::string_view key,
                               std::string_view value) const {
  if (!enabled()) return absl::OkStatus();
  CAIRN_RETURN_IF_ERROR(MakeDirectories(directory_));
  const std::string covered = fmt::format("{}{}{}", kFormat, key, value);
  CAIRN_RETURN_IF_ERROR(WriteOutputFile(PathOf(stage, key, ".bin"), Sha256Hex(covered) + covered));
  RemoveOld(stage);
  return absl::OkStatus();
}

void StageCache::RemoveOld(std::string_view stage) const {
  const std::string prefix = std::string(stage) + "-";
  std::vector<std::pair<fs::file_time_type, fs::path>> files;
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(directory_, ignored)) {
    if (entry.path().filename().string().rfind(prefix, 0) != 0) continue;
    files.emplace_back(entry.last_write_time(ignored), entry.path());
  }
  if (files.size() <= kKeptPerStage) return;
  std::sort(files.begin(), files.end());
  for (size_t i = 0; i + kKeptPerStage < files.size(); ++i) fs::remove(files[i].second, ignored);
}

}  // namespace cairn::pipeline

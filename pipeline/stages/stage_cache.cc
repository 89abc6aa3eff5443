#include "pipeline/stages/stage_cache.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <system_error>
#include <utility>
#include <vector>

#include "lib/base/files.h"
#include "lib/base/output_file.h"
#include "lib/base/status_macros.h"
#include "pipeline/stages/checksum.h"

namespace cairn::pipeline {
namespace {

namespace fs = std::filesystem;

// Raised whenever values are written in another form: older files are then no values.
constexpr std::string_view kFormat = "cairn.cache.4\n";
constexpr size_t kSumChars = 16;
constexpr size_t kKeptPerStage = 4;

// What stands before a value in its file.
std::string SumOf(std::string_view head, std::string_view value) {
  return fmt::format("{:016x}", Checksum(value, Checksum(head, 0)));
}

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
  const std::string head = fmt::format("{}{}", kFormat, key);
  if (!bytes.ok() || bytes->size() < kSumChars + head.size()) return std::nullopt;
  const std::string_view all = *bytes;
  const std::string_view value = all.substr(kSumChars + head.size());
  if (all.substr(kSumChars, head.size()) != head) return std::nullopt;
  if (all.substr(0, kSumChars) != SumOf(head, value)) return std::nullopt;
  return std::string(value);
}

absl::Status StageCache::Store(std::string_view stage, std::string_view key,
                               std::string_view value) const {
  if (!enabled()) return absl::OkStatus();
  CAIRN_RETURN_IF_ERROR(MakeDirectories(directory_));
  const std::string head = fmt::format("{}{}", kFormat, key);
  CAIRN_ASSIGN_OR_RETURN(OutputFile file, OutputFile::Create(PathOf(stage, key, ".bin")));
  CAIRN_RETURN_IF_ERROR(file.Write(SumOf(head, value) + head));
  CAIRN_RETURN_IF_ERROR(file.Write(value));
  CAIRN_RETURN_IF_ERROR(file.Close());
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

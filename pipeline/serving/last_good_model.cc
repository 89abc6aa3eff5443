#include "pipeline/serving/last_good_model.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <string_view>
#include <system_error>

#include "lib/base/digest.h"
#include "lib/base/errors.h"
#include "lib/base/files.h"
#include "lib/base/status_macros.h"
#include "lib/model/model_file.h"

namespace cairn::pipeline::serving {
namespace {

constexpr std::string_view kPrefix = "good-";

std::string ModelPath(const std::string& directory, const std::string& sha256) {
  return fmt::format("{}/{}{}.cairnseg", directory, kPrefix, sha256);
}

absl::StatusOr<std::string> ReadVerified(const std::string& path, std::string_view sha256) {
  CAIRN_ASSIGN_OR_RETURN(std::string bytes, ReadFile(path, model::kMaxModelFileBytes));
  if (Sha256Hex(bytes) == sha256) return bytes;
  return Error(absl::StatusCode::kDataLoss, ErrorReason::BLOB_CORRUPT,
               fmt::format("{} does not have its digest {}", path, sha256))
      .With("path", path)
      .ToStatus();
}

absl::StatusOr<std::string> ReadShown(const client::KeptModel& shown) {
  const auto file =
      std::find_if(shown.files.begin(), shown.files.end(),
                   [](const v1::ArtifactFile& each) { return model::IsModelFile(each.path()); });
  if (file == shown.files.end()) {
    return Error(absl::StatusCode::kNotFound, ErrorReason::ARTIFACT_NOT_FOUND,
                 fmt::format("{} has no file {}", shown.head.version, model::kModelFileName))
        .With("version", shown.head.version)
        .ToStatus();
  }
  return ReadVerified(shown.path + "/" + file->path(), file->digest().sha256());
}

// Files of models that are kept no more.
void RemoveOthers(const std::string& directory, const std::string& kept) {
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(directory, error)) {
    const std::string name = entry.path().filename().string();
    if (!name.starts_with(kPrefix) || entry.path() == kept) continue;
    std::filesystem::remove(entry.path(), error);
  }
}

}  // namespace

absl::StatusOr<ModelPtr> LoadShown(const client::KeptModel& shown, int64_t now_unix_nanos) {
  CAIRN_ASSIGN_OR_RETURN(const std::string bytes, ReadShown(shown));
  return ServedModel::Load(bytes, shown.head.version, now_unix_nanos);
}

absl::Status KeepGood(const std::string& directory, const ServedModel& model,
                      const client::KeptModel& shown) {
  const std::string line = fmt::format("{} {}\n", model.sha256(), model.version());
  const auto before = ReadFile(directory + "/good", 4096);
  if (before.ok() && *before == line) return absl::OkStatus();
  CAIRN_ASSIGN_OR_RETURN(const std::string bytes, ReadShown(shown));
  const std::string path = ModelPath(directory, model.sha256());
  CAIRN_RETURN_IF_ERROR(WriteFileAtomically(path, bytes));
  CAIRN_RETURN_IF_ERROR(WriteFileAtomically(directory + "/good", line));
  RemoveOthers(directory, path);
  return absl::OkStatus();
}

absl::StatusOr<ModelPtr> LoadGood(const std::string& directory, int64_t now_unix_nanos) {
  CAIRN_ASSIGN_OR_RETURN(const std::string line, ReadFile(directory + "/good", 4096));
  const size_t blank = line.find(' ');
  const size_t end = line.find('\n');
  if (blank == std::string::npos || end == std::string::npos || end < blank) {
    return Error(absl::StatusCode::kDataLoss, ErrorReason::BLOB_CORRUPT,
                 fmt::format("{}/good is not what was written there", directory))
        .With("path", directory + "/good")
        .ToStatus();
  }
  const std::string sha256 = line.substr(0, blank);
  CAIRN_ASSIGN_OR_RETURN(const std::string bytes,
                         ReadVerified(ModelPath(directory, sha256), sha256));
  return ServedModel::Load(bytes, line.substr(blank + 1, end - blank - 1), now_unix_nanos);
}

}  // namespace cairn::pipeline::serving

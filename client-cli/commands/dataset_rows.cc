#include "client-cli/commands/dataset_rows.h"

#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "client-cli/cli/command.h"
#include "client-cli/cli/reference.h"
#include "fmt/format.h"
#include "lib/base/files.h"
#include "lib/base/status_macros.h"
#include "lib/tables/byte_source.h"
#include "lib/tables/row_diff.h"

namespace cairn::cli {
namespace {

// A file in the system's folder for temporary ones; removed with the object.
class TemporaryFile {
 public:
  TemporaryFile() = default;
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;
  ~TemporaryFile() {
    if (!path_.empty()) std::remove(path_.c_str());
  }

  const std::string& path() const { return path_; }

  // Fetches a blob into the file. It is wrong unless this returns OK.
  absl::Status Fetch(client::Client& client, const v1::BlobDigest& blob) {
    CAIRN_ASSIGN_OR_RETURN(const Digest digest, client::FromWire(blob));
    std::error_code error;
    path_ = (std::filesystem::temp_directory_path(error) / "mlctl-diff-XXXXXX").string();
    const int descriptor = mkstemp(path_.data());
    if (descriptor < 0) {
      const std::string pattern = std::exchange(path_, "");
      return FileError(errno, "create", pattern);
    }
    std::FILE* file = fdopen(descriptor, "wb");
    absl::Status status =
        client.artifacts().ReadBlob(digest, [&](std::string_view bytes) -> absl::Status {
          if (std::fwrite(bytes.data(), 1, bytes.size(), file) == bytes.size()) {
            return absl::OkStatus();
          }
          return FileError(errno, "write", path_);
        });
    if (std::fclose(file) != 0 && status.ok()) status = FileError(errno, "write", path_);
    return status;
  }

 private:
  std::string path_;
};

absl::StatusOr<v1::ArtifactFile> ChooseTable(client::Client& client,
                                             const v1::DatasetVersion& version,
                                             const std::string& file) {
  const v1::ArtifactFile* chosen = nullptr;
  int tables = 0;
  // The version leaves its files out when there are many.
  std::vector<v1::ArtifactFile> files(version.files().begin(), version.files().end());
  if (files.empty()) {
    CAIRN_ASSIGN_OR_RETURN(files, client.artifacts().ListAllArtifacts(version.name()));
  }
  for (const v1::ArtifactFile& candidate : files) {
    if (file.empty() ? !tables::IsTableName(candidate.path()) : candidate.path() != file) continue;
    chosen = &candidate;
    ++tables;
  }
  if (tables == 1) return *chosen;
  const std::string name = ShortName(version.name());
  if (!file.empty()) return UsageError(fmt::format("{} has no file {}", name, file));
  if (tables == 0) return UsageError(fmt::format("{} has no .csv file to compare by key", name));
  return UsageError(fmt::format("{} has {} .csv files: choose one with --file", name, tables));
}

}  // namespace

absl::StatusOr<v1::RowChanges> CompareRows(Session& session, const v1::DatasetVersion& from,
                                           const v1::DatasetVersion& to, const std::string& file,
                                           const std::vector<std::string>& key_columns) {
  CAIRN_ASSIGN_OR_RETURN(client::Client * client, session.Client());
  CAIRN_ASSIGN_OR_RETURN(const v1::ArtifactFile before, ChooseTable(*client, from, file));
  CAIRN_ASSIGN_OR_RETURN(const v1::ArtifactFile after, ChooseTable(*client, to, file));
  TemporaryFile first;
  TemporaryFile second;
  CAIRN_RETURN_IF_ERROR(first.Fetch(*client, before.digest()));
  const bool same = before.digest().sha256() == after.digest().sha256();
  if (!same) CAIRN_RETURN_IF_ERROR(second.Fetch(*client, after.digest()));
  tables::RowDiffOptions options;
  options.key_columns = key_columns;
  return tables::DiffRows(
      [&] { return tables::OpenTable(first.path(), before.path()); },
      [&] { return tables::OpenTable(same ? first.path() : second.path(), after.path()); },
      options);
}

}  // namespace cairn::cli

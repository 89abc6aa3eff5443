#include "client-cli/mlflow_import/file_mover.h"

#include <optional>
#include <utility>

#include "client-cli/mlflow_import/limits.h"
#include "fmt/format.h"
#include "lib/base/output_file.h"
#include "lib/base/status_macros.h"

namespace cairn::mlflow_import {
absl::Status FileMover::Move(const ArtifactPlace& place, const std::string& run,
                             const std::string& what) {
  if (!options_.artifacts) return absl::OkStatus();
  const auto listed = source_.Files(place);
  if (!listed.ok()) {
    if (!IsOfOneThing(listed.status())) return listed.status();
    report_.LeaveOut("the files of " + what, listed.status());
    return absl::OkStatus();
  }
  for (const auto& [path, why] : listed->refused) {
    report_.LeaveOut(fmt::format("file {} of {}", path, what), why);
  }
  if (options_.dry_run) {
    for (const SourceFile& file : listed->files) {
      ++report_.of(Counted::kFiles).source;
      report_.of(Counted::kBytes).source += std::max<int64_t>(file.size_bytes, 0);
    }
    return absl::OkStatus();
  }
  if (listed->files.empty()) return absl::OkStatus();
  Digests fetched;
  CAIRN_RETURN_IF_ERROR(MoveMissing(place, listed->files, run, what, fetched));
  return Compare(listed->files, fetched, run);
}

absl::StatusOr<FileMover::Digests> FileMover::InCairn(const std::string& run) {
  Digests digests;
  CAIRN_ASSIGN_OR_RETURN(const auto files, client_->artifacts().ListAllArtifacts(run));
  for (const v1::ArtifactFile& file : files) {
    CAIRN_ASSIGN_OR_RETURN(digests[file.path()], client::FromWire(file.digest()));
  }
  return digests;
}

absl::Status FileMover::MoveMissing(const ArtifactPlace& place,
                                    const std::vector<SourceFile>& files, const std::string& run,
                                    const std::string& what, Digests& fetched) {
  CAIRN_ASSIGN_OR_RETURN(const Digests there, InCairn(run));
  for (const SourceFile& file : files) {
    const auto known = there.find(file.path);
    const bool is_there = known != there.end();
    if (is_there && !options_.recheck && known->second.size_bytes == file.size_bytes) continue;
    Digest digest;
    auto item = Fetch(place, file, digest);
    if (!item.ok()) {
      if (!IsOfOneThing(item.status())) return item.status();
      report_.LeaveOut(fmt::format("file {} of {}", file.path, what), item.status());
      continue;
    }
    fetched[file.path] = digest;
    if (is_there) {
      if (known->second != digest) {
        report_.LeaveOut(fmt::format("file {} of {}", file.path, what),
                         "another content stands there in Cairn");
      }
      continue;
    }
    held_bytes_ += item->bytes.size();
    const bool is_large = !item->file.empty();
    held_.push_back(*std::move(item));
    ++report_.new_files;
    report_.new_bytes += digest.size_bytes;
    if (options_.on_progress) options_.on_progress(report_);
    if (is_large || held_bytes_ >= kHeldBytes || held_.size() >= kMostFilesPerCall) {
      CAIRN_RETURN_IF_ERROR(Send(run, what));
    }
  }
  return Send(run, what);
}

absl::StatusOr<client::UploadItem> FileMover::Fetch(const ArtifactPlace& place,
                                                    const SourceFile& file, Digest& digest) {
  std::string bytes;
  std::string path;
  std::optional<OutputFile> spool;
  Sha256Hasher hasher;
  const auto take = [&](std::string_view part) -> absl::Status {
    hasher.Update(part);
    if (!spool.has_value() && bytes.size() + part.size() > kSmallFileBytes) {
      if (scratch_ == nullptr) {
        CAIRN_ASSIGN_OR_RETURN(scratch_, ScratchDirectory::Make());
      }
      path = scratch_->path() + "/artifact";
      CAIRN_ASSIGN_OR_RETURN(OutputFile opened, OutputFile::Create(path));
      spool.emplace(std::move(opened));
      CAIRN_RETURN_IF_ERROR(spool->Write(bytes));
      bytes.clear();
    }
    if (spool.has_value()) return spool->Write(part);
    bytes += part;
    return absl::OkStatus();
  };
  CAIRN_RETURN_IF_ERROR(source_.ReadFile(place, file.path, take));
  if (spool.has_value()) CAIRN_RETURN_IF_ERROR(spool->Close());
  digest = hasher.Finish();
  if (file.size_bytes >= 0 && digest.size_bytes != file.size_bytes) {
    return absl::DataLossError(
        fmt::format("{} of {} bytes came", digest.size_bytes, file.size_bytes));
  }
  if (path.empty()) return client::UploadItem::Bytes(file.path, std::move(bytes));
  return client::UploadItem::File(file.path, path);
}

absl::Status FileMover::Send(const std::string& run, const std::string& what) {
  const std::vector<client::UploadItem> items = std::exchange(held_, {});
  held_bytes_ = 0;
  if (items.empty()) return absl::OkStatus();
  client::Uploader uploader(*client_);
  auto sent = uploader.Upload(items);
  absl::Status status = sent.status();
  if (status.ok()) {
    v1::LogArtifactsRequest request;
    request.set_run(run);
    for (v1::ArtifactFile& file : *sent) *request.add_files() = std::move(file);
    status = client_->artifacts().LogArtifacts(std::move(request)).status();
  }
  if (status.ok() || !IsOfOneThing(status)) return status;
  report_.LeaveOut(fmt::format("{} files of {}, with {}", items.size(), what, items[0].path),
                   status);
  return absl::OkStatus();
}

absl::Status FileMover::Compare(const std::vector<SourceFile>& files, const Digests& fetched,
                                const std::string& run) {
  CAIRN_ASSIGN_OR_RETURN(const Digests there, InCairn(run));
  Tally& bytes = report_.of(Counted::kBytes);
  for (const SourceFile& file : files) {
    const auto kept = there.find(file.path);
    const auto read = fetched.find(file.path);
    const int64_t size = read != fetched.end()  ? read->second.size_bytes
                         : file.size_bytes >= 0 ? file.size_bytes
                                                : 0;
    const bool is_there = kept != there.end();
    const bool is_same = is_there && (read == fetched.end() ? kept->second.size_bytes == size
                                                            : kept->second == read->second);
    report_.Compare(Counted::kFiles, is_there, is_same);
    bytes.source += size;
    if (is_there) bytes.target += kept->second.size_bytes;
    if (!is_same) bytes.differs += size;
  }
  return absl::OkStatus();
}

}  // namespace cairn::mlflow_import

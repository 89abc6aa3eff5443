#include "pipeline/register/champion.h"

#include <algorithm>
#include <utility>

#include "lib/base/digest.h"
#include "lib/base/errors.h"
#include "lib/base/files.h"
#include "lib/base/resource_names.h"
#include "lib/base/status_macros.h"
#include "lib/model/model_file.h"
#include "pipeline/register/stored_files.h"

namespace cairn::pipeline {
namespace {

constexpr std::string_view kLabelsPath = "labels.csv";
// Of ten million customers, about.
constexpr size_t kMaxLabelsFile = size_t{256} << 20;

bool IsGone(const absl::Status& status) { return status.code() == absl::StatusCode::kNotFound; }

// The bytes of the file whose path ends in `name`; nothing when there is none.
template <typename Files>
absl::StatusOr<std::optional<std::string>> ReadFileNamed(client::Client& client, const Files& files,
                                                         std::string_view name, size_t most) {
  const v1::ArtifactFile* const file = FindFileNamed(files, name);
  if (file == nullptr) return std::nullopt;
  CAIRN_ASSIGN_OR_RETURN(std::string bytes, ReadStoredFile(client, *file, most));
  return bytes;
}

absl::StatusOr<std::string> LabelsOfRun(client::Client& client, const std::string& run) {
  if (run.empty()) return std::string();
  const auto files = client.artifacts().ListAllArtifacts(run);
  if (IsGone(files.status())) return std::string();
  CAIRN_RETURN_IF_ERROR(files.status());
  CAIRN_ASSIGN_OR_RETURN(auto labels, ReadFileNamed(client, *files, kLabelsPath, kMaxLabelsFile));
  return std::move(labels).value_or("");
}

absl::StatusOr<std::string> SweepOfRun(client::Client& client, const std::string& run) {
  if (run.empty()) return std::string();
  v1::GetRunRequest request;
  request.set_name(run);
  const auto found = client.tracking().GetRun(request);
  if (IsGone(found.status())) return std::string();
  CAIRN_RETURN_IF_ERROR(found.status());
  const auto tag = found->tags().find("cairn.sweep");
  return tag == found->tags().end() ? std::string() : tag->second;
}

// The version as a champion, and the version that it followed.
struct Followed {
  Champion champion;
  std::string run;
  std::string named_after;
};

absl::StatusOr<std::optional<Followed>> FetchVersion(client::Client& client,
                                                     const std::string& name) {
  v1::GetModelVersionRequest request;
  request.set_name(name);
  const auto version = client.registry().GetModelVersion(request);
  if (IsGone(version.status())) return std::nullopt;
  CAIRN_RETURN_IF_ERROR(version.status());
  CAIRN_ASSIGN_OR_RETURN(auto bytes, ReadFileNamed(client, version->files(), model::kModelFileName,
                                                   model::kMaxModelFileBytes));
  if (!bytes) return std::nullopt;
  CAIRN_ASSIGN_OR_RETURN(const auto model, model::ParseModel(*bytes));
  return Followed{{name, *std::move(bytes), ""}, version->run(), model.named_after()};
}

}  // namespace

absl::StatusOr<std::optional<Champion>> FetchChampion(client::Client& client,
                                                      std::string_view model,
                                                      std::string_view sweep_key) {
  v1::GetChannelRequest request;
  request.set_name(ChannelName(model, kProductionChannel));
  const auto channel = client.registry().GetChannel(request);
  if (IsGone(channel.status())) return std::nullopt;
  CAIRN_RETURN_IF_ERROR(channel.status());
  std::string name = channel->version();
  while (!name.empty()) {
    CAIRN_ASSIGN_OR_RETURN(auto followed, FetchVersion(client, name));
    if (!followed) return std::nullopt;
    CAIRN_ASSIGN_OR_RETURN(const std::string sweep, SweepOfRun(client, followed->run));
    if (sweep_key.empty() || sweep != sweep_key) {
      CAIRN_ASSIGN_OR_RETURN(followed->champion.labels, LabelsOfRun(client, followed->run));
      return std::move(followed->champion);
    }
    name = followed->named_after;
  }
  return std::nullopt;
}

absl::StatusOr<Champion> ReadChampion(const std::string& directory) {
  Champion out;
  CAIRN_ASSIGN_OR_RETURN(out.model, ReadFile(directory + "/" + std::string(model::kModelFileName),
                                             model::kMaxModelFileBytes));
  CAIRN_ASSIGN_OR_RETURN(out.labels,
                         ReadFile(directory + "/" + std::string(kLabelsPath), kMaxLabelsFile));
  // The folder may be anywhere: what it holds is the same.
  out.version = "sha256:" + Sha256Hex(out.model);
  return out;
}

}  // namespace cairn::pipeline

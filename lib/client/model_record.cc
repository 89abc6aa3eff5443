#include "lib/client/model_record.h"

#include <cstdint>
#include <nlohmann/json.hpp>
#include <utility>
#include <vector>

#include "fmt/format.h"
#include "lib/base/digest.h"
#include "lib/base/errors.h"
#include "lib/base/manifest_text.h"
#include "lib/base/status_macros.h"
#include "lib/client/artifact_path.h"
#include "lib/client/uploader.h"

namespace cairn::client {
namespace {

using Json = nlohmann::ordered_json;

absl::Status Malformed(std::string_view field) {
  return Error(absl::StatusCode::kDataLoss, ErrorReason::MODEL_MALFORMED,
               fmt::format("the record of a model has no good \"{}\"", field))
      .With("field", field);
}

absl::Status Damaged(const std::string& path, std::string_view what) {
  return Error(absl::StatusCode::kDataLoss, ErrorReason::BLOB_CORRUPT,
               fmt::format("{} {}", path, what))
      .With("path", path);
}

// The text or number of a field; false if it has none of that type.
bool Take(const Json& object, const char* key, std::string* value) {
  const auto field = object.find(key);
  if (field == object.end() || !field->is_string()) return false;
  *value = field->get<std::string>();
  return true;
}
bool Take(const Json& object, const char* key, int64_t* value) {
  const auto field = object.find(key);
  if (field == object.end() || !field->is_number_integer()) return false;
  *value = field->get<int64_t>();
  return *value >= 0;
}

absl::StatusOr<std::vector<v1::ArtifactFile>> ParseFiles(const Json& list) {
  std::vector<v1::ArtifactFile> files;
  std::vector<std::string> paths;
  for (const Json& entry : list) {
    std::string path;
    std::string sha256;
    int64_t size = 0;
    if (!entry.is_object() || !Take(entry, "path", &path) || !Take(entry, "sha256", &sha256) ||
        !Take(entry, "size", &size)) {
      return Malformed("files");
    }
    v1::ArtifactFile& file = files.emplace_back();
    file.set_path(path);
    file.mutable_digest()->set_sha256(sha256);
    file.mutable_digest()->set_size_bytes(size);
    paths.push_back(std::move(path));
  }
  if (!ValidateTree(paths).ok()) return Malformed("files");
  return files;
}

}  // namespace

std::string RecordText(const KeptModel& model) {
  Json record = {{"channel", model.channel},   {"version", model.head.version},
                 {"epoch", model.head.epoch},  {"sha256", model.head.sha256},
                 {"decision", model.decision}, {"files", Json::array()}};
  for (const v1::ArtifactFile& file : model.files) {
    record["files"].push_back({{"path", file.path()},
                               {"sha256", file.digest().sha256()},
                               {"size", file.digest().size_bytes()}});
  }
  return record.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

absl::StatusOr<KeptModel> ParseRecord(std::string_view text) {
  const Json record = Json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!record.is_object()) return Malformed("object");
  KeptModel model;
  if (!Take(record, "channel", &model.channel)) return Malformed("channel");
  if (!Take(record, "version", &model.head.version)) return Malformed("version");
  if (!Take(record, "epoch", &model.head.epoch)) return Malformed("epoch");
  if (!Take(record, "sha256", &model.head.sha256)) return Malformed("sha256");
  if (!Take(record, "decision", &model.decision)) return Malformed("decision");
  const auto files = record.find("files");
  if (files == record.end() || !files->is_array()) return Malformed("files");
  CAIRN_ASSIGN_OR_RETURN(model.files, ParseFiles(*files));
  return model;
}

absl::Status VerifyFiles(const KeptModel& model) {
  if (Sha256Hex(ManifestText(model.files)) != model.head.sha256) {
    return Damaged(model.path, "has not the files of its version");
  }
  for (const v1::ArtifactFile& file : model.files) {
    const std::string path = model.path + "/" + file.path();
    CAIRN_ASSIGN_OR_RETURN(const Digest expected,
                           ParseDigest(file.digest().sha256(), file.digest().size_bytes()));
    const absl::StatusOr<Digest> actual = DigestOfFile(path);
    if (!actual.ok()) return Damaged(path, "cannot be read");
    if (*actual != expected) return Damaged(path, "has other bytes than its record says");
  }
  return absl::OkStatus();
}

}  // namespace cairn::client

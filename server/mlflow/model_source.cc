#include "server/mlflow/model_source.h"

#include <array>
#include <optional>
#include <utility>

#include "fmt/format.h"
#include "lib/base/encoding.h"
#include "lib/base/errors.h"
#include "lib/base/resource_names.h"
#include "lib/base/status_macros.h"
#include "server/mlflow/artifact_path.h"
#include "server/mlflow/error.h"
#include "server/mlflow/logged_model.h"

namespace cairn::mlflow {
namespace {

constexpr size_t kMaxSourceBytes = 2048;

absl::Status Wrong(std::string_view source, std::string_view why) {
  return Refuse(kInvalidParameter, fmt::format("Invalid model version source: '{}'. {}",
                                               Shortened(source, 200), std::string(why)));
}

absl::Status LocalPath(std::string_view source) {
  return Wrong(source,
               "To use a local path as a model version source, it would have to lie within the "
               "artifacts of a run, and those of this server are in no directory: log the model to "
               "a run and name it as runs:/RUN_ID/PATH.");
}

absl::Status RelativePath(std::string_view source) {
  return Wrong(source,
               "If supplying a source as an http, https, local file path, ftp, objectstore, or "
               "mlflow-artifacts uri, its path must be absolute and have no `..`.");
}

absl::Status NotHere(std::string_view source) {
  return Wrong(source,
               "A version here is its files, and this server neither holds what is there nor "
               "fetches it: log the model to a run, and name it as runs:/RUN_ID/PATH, "
               "mlflow-artifacts:/EXPERIMENT_ID/RUN_ID/artifacts/PATH or models:/NAME/VERSION.");
}

// The scheme in lower case; "" for a path. One letter is a drive.
std::string SchemeOf(std::string_view source) {
  const size_t colon = source.find(':');
  const size_t end = source.find_first_of("/\\?#");
  if (colon == source.npos || colon < 2 || (end != source.npos && end < colon)) return "";
  return AsciiLower(source.substr(0, colon));
}

bool GoesUp(std::string_view source) {
  const auto decoded = FullyDecoded(source);
  if (!decoded.has_value() || decoded->find('\0') != decoded->npos) return true;
  std::string framed = "/" + *decoded + "/";
  for (char& c : framed) {
    if (c == '\\' || c == '?' || c == '&' || c == '=' || c == ':' || c == '#') c = '/';
  }
  return framed.find("/../") != framed.npos;
}

std::string_view WithoutSlashes(std::string_view text) {
  while (text.starts_with('/')) text.remove_prefix(1);
  while (text.ends_with('/')) text.remove_suffix(1);
  return text;
}

// Takes what is before the next slash.
std::string TakePart(std::string_view& path) {
  const size_t end = std::min(path.find('/'), path.size());
  std::string part(path.substr(0, end));
  path.remove_prefix(std::min(end + 1, path.size()));
  return part;
}

// What comes behind `mlflow-artifacts:`, with a host or without.
absl::StatusOr<ModelSource> ArtifactSource(std::string_view source, std::string_view rest) {
  if (rest.starts_with("//")) {
    rest.remove_prefix(2);
    TakePart(rest);
  }
  rest = WithoutSlashes(rest);
  ModelSource parsed;
  parsed.experiment_id = TakePart(rest);
  parsed.run_id = TakePart(rest);
  if (parsed.run_id == "models") {
    parsed.kind = ModelSource::Kind::kLoggedModel;
    parsed.run_id.clear();
    parsed.model_id = TakePart(rest);
  }
  const bool named = !parsed.run_id.empty() || UidOfModelId(parsed.model_id).has_value();
  if (!named || TakePart(rest) != "artifacts") return NotHere(source);
  parsed.path = rest;
  return parsed;
}

absl::StatusOr<ModelSource> RunSource(std::string_view source, std::string_view rest) {
  if (rest.starts_with("//")) return NotHere(source);  // the runs of another server
  rest = WithoutSlashes(rest);
  ModelSource parsed;
  parsed.run_id = TakePart(rest);
  parsed.path = rest;
  return parsed.run_id.empty() ? absl::StatusOr<ModelSource>(NotHere(source)) : parsed;
}

absl::StatusOr<ModelSource> VersionSource(std::string_view source, std::string_view rest) {
  if (rest.starts_with("//")) return NotHere(source);
  rest = WithoutSlashes(rest);
  ModelSource parsed;
  parsed.kind = ModelSource::Kind::kVersion;
  const size_t at = rest.find_first_of("/@");
  if (at == rest.npos && UidOfModelId(rest).has_value()) {
    parsed.kind = ModelSource::Kind::kLoggedModel;
    parsed.model_id = rest;
    return parsed;
  }
  if (at == rest.npos || at == 0 || at + 1 == rest.size()) {
    return Wrong(source,
                 "Name a version as models:/NAME/VERSION, a logged model as models:/MODEL_ID, or a "
                 "run's artifacts as runs:/RUN_ID/PATH.");
  }
  const std::string_view model = rest.substr(0, at);
  const std::string_view version = rest.substr(at + 1);
  parsed.version_name = rest[at] == '@' ? AliasName(model, version)
                                        : ResourceName({"models", model, "versions", version});
  return parsed;
}

}  // namespace

absl::StatusOr<ModelSource> ParseModelSource(std::string_view text) {
  if (text.size() > kMaxSourceBytes) return Wrong(text, "It is too long.");
  const std::string scheme = SchemeOf(text);
  if (scheme.empty()) return LocalPath(text);
  const std::string_view rest = text.substr(scheme.size() + 1);
  if (scheme == "file") {
    const bool other_host = rest.starts_with("//") && !rest.starts_with("///") &&
                            !AsciiLower(rest).starts_with("//localhost/");
    if (other_host) return Wrong(text, fmt::format("'{}' is not a valid remote uri.", text));
    return LocalPath(text);
  }
  if (GoesUp(rest)) return RelativePath(text);
  if (scheme == "runs") return RunSource(text, rest);
  if (scheme == "models") return VersionSource(text, rest);
  if (scheme == "mlflow-artifacts") return ArtifactSource(text, rest);
  return NotHere(text);
}

}  // namespace cairn::mlflow

#include "client-cli/mlflow_import/version_source.h"

#include <algorithm>
#include <charconv>

#include "fmt/format.h"
#include "lib/base/artifact_path.h"
#include "lib/base/ids.h"
#include "lib/mlflow/stored_names.h"

namespace cairn::mlflow_import {
namespace {

constexpr std::string_view kRuns = "runs:/";
constexpr std::string_view kModels = "models:/";
constexpr std::string_view kArtifacts = "artifacts";

std::string_view Stripped(std::string_view text) {
  while (text.starts_with('/')) text.remove_prefix(1);
  while (text.ends_with('/')) text.remove_suffix(1);
  return text;
}

// Takes what is before the next slash.
std::string_view TakeSegment(std::string_view& text) {
  const size_t end = std::min(text.find('/'), text.size());
  const std::string_view segment = text.substr(0, end);
  text.remove_prefix(std::min(end + 1, text.size()));
  return segment;
}

VersionSource Place(VersionSource::Kind kind, std::string_view id, std::string_view path) {
  path = Stripped(path);
  if (!path.empty() && !CheckArtifactPath("path", path).ok()) return {};
  return {kind, std::string(id), std::string(path), 0};
}

VersionSource OfModels(std::string_view rest) {
  const std::string_view name = TakeSegment(rest);
  if (mlflow::UidOfModelId(name).has_value()) return Place(VersionSource::Kind::kModel, name, rest);
  int64_t number = 0;
  const auto [end, error] = std::from_chars(rest.data(), rest.data() + rest.size(), number);
  if (name.empty() || error != std::errc() || end != rest.data() + rest.size()) return {};
  return {VersionSource::Kind::kVersion, std::string(name), "", number};
}

}  // namespace

VersionSource ParseVersionSource(std::string_view text) {
  if (text.starts_with(kRuns)) {
    std::string_view rest = Stripped(text.substr(kRuns.size()));
    const std::string_view id = TakeSegment(rest);
    return IsHexId(id) ? Place(VersionSource::Kind::kRun, id, rest) : VersionSource{};
  }
  if (text.starts_with(kModels)) return OfModels(Stripped(text.substr(kModels.size())));
  // The first id that `artifacts` follows: folders above may be called anything else.
  std::string_view rest = text;
  std::string_view before;
  while (!rest.empty()) {
    const std::string_view segment = TakeSegment(rest);
    if (segment == kArtifacts && IsHexId(before)) {
      return Place(VersionSource::Kind::kRun, before, rest);
    }
    if (segment == kArtifacts && mlflow::UidOfModelId(before).has_value()) {
      return Place(VersionSource::Kind::kModel, before, rest);
    }
    before = segment;
  }
  return {};
}

std::string SourceInCairn(std::string_view text, const VersionSource& source,
                          std::string_view experiment_number) {
  const bool is_of_run = source.kind == VersionSource::Kind::kRun;
  if (text.starts_with(kRuns) || text.starts_with(kModels) ||
      (!is_of_run && source.kind != VersionSource::Kind::kModel)) {
    return std::string(text);
  }
  std::string place = fmt::format("mlflow-artifacts:/{}/{}{}/artifacts", experiment_number,
                                  is_of_run ? "" : "models/", source.id);
  if (!source.path.empty()) place += "/" + source.path;
  return place;
}

}  // namespace cairn::mlflow_import

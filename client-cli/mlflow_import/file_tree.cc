#include "client-cli/mlflow_import/file_tree.h"

#include <fcntl.h>
#include <unistd.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <exception>
#include <filesystem>
#include <system_error>
#include <utility>

#include "client-cli/mlflow_import/limits.h"
#include "fmt/format.h"
#include "lib/base/artifact_path.h"
#include "lib/base/errors.h"
#include "lib/base/files.h"
#include "lib/base/numbers.h"
#include "lib/base/status_macros.h"
#include "lib/mlflow/bounded_json.h"

namespace cairn::mlflow_import {
namespace {

namespace fs = std::filesystem;

constexpr int64_t kMostYamlBytes = int64_t{32} << 20;
constexpr int64_t kMostValueBytes = int64_t{1} << 20;
constexpr int kMostYamlNodes = 100'000;
constexpr size_t kReadBytes = 256 << 10;

absl::Status Malformed(std::string_view what, std::string_view why) {
  return Error(absl::StatusCode::kDataLoss, ErrorReason::DATA_MALFORMED,
               fmt::format("{} {}", what, why))
      .ToStatus();
}

// Adds what is in a directory; `prefix` is its path from the root, with a slash at the end.
absl::Status AddFiles(const fs::path& directory, const std::string& prefix, int depth,
                      SourceFiles& files) {
  std::error_code error;
  for (fs::directory_iterator at(directory, error), end; !error && at != end; at.increment(error)) {
    const std::string path = prefix + at->path().filename().string();
    const fs::file_status status = at->symlink_status(error);
    absl::Status fine = CheckArtifactPath("path", path);
    if (fine.ok() && depth >= kMaxArtifactPathSegments) {
      fine = absl::InvalidArgumentError("it is too deep");
    }
    if (fine.ok() && !fs::is_directory(status) && !fs::is_regular_file(status)) {
      fine = absl::InvalidArgumentError("a link, or no file: it is not followed");
    }
    if (!fine.ok()) {
      files.refused.emplace_back(path, std::string(fine.message()));
    } else if (fs::is_directory(status)) {
      CAIRN_RETURN_IF_ERROR(AddFiles(at->path(), path + "/", depth + 1, files));
    } else {
      files.files.push_back({path, static_cast<int64_t>(at->file_size(error))});
    }
    if (files.files.size() + files.refused.size() > kMostFiles) {
      return absl::OutOfRangeError(fmt::format("more than {} files", kMostFiles));
    }
  }
  if (error) return FileError(error.value(), "list", directory.string());
  return absl::OkStatus();
}

// Nullopt when there is too much of it.
std::optional<Json> JsonOf(const YAML::Node& node, int depth, int& nodes) {
  if (depth > mlflow::kMaxJsonNesting || ++nodes > kMostYamlNodes) return std::nullopt;
  if (node.IsScalar()) return Json(node.Scalar());
  if (!node.IsMap() && !node.IsSequence()) return Json(nullptr);
  Json whole = node.IsMap() ? Json::object() : Json::array();
  for (const auto& item : node) {
    std::optional<Json> part = JsonOf(node.IsMap() ? item.second : item, depth + 1, nodes);
    if (!part.has_value()) return std::nullopt;
    if (!node.IsMap()) {
      whole.push_back(*std::move(part));
    } else if (item.first.IsScalar()) {
      whole[item.first.Scalar()] = *std::move(part);
    }
  }
  return whole;
}

std::optional<int64_t> IntegerOf(std::string_view text) {
  int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

}  // namespace

std::vector<std::string> SubdirectoriesOf(const std::string& directory) {
  std::vector<std::string> names;
  std::error_code error;
  if (!fs::is_directory(fs::symlink_status(directory, error))) return names;
  for (fs::directory_iterator at(directory, error), end; !error && at != end; at.increment(error)) {
    std::error_code of_entry;
    if (fs::is_directory(at->symlink_status(of_entry))) {
      names.push_back(at->path().filename().string());
    }
  }
  std::sort(names.begin(), names.end());
  return names;
}

absl::StatusOr<SourceFiles> FilesBelow(const std::string& directory) {
  SourceFiles files;
  std::error_code error;
  if (!fs::is_directory(fs::symlink_status(directory, error))) return files;
  CAIRN_RETURN_IF_ERROR(AddFiles(directory, "", 0, files));
  std::sort(files.files.begin(), files.files.end(),
            [](const SourceFile& a, const SourceFile& b) { return a.path < b.path; });
  return files;
}

absl::Status ReadInParts(const std::string& file,
                         const std::function<absl::Status(std::string_view)>& sink) {
  const int fd = ::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
  if (fd < 0) return FileError(errno, "open", file);
  std::string buffer(kReadBytes, '\0');
  int64_t offset = 0;
  absl::Status status;
  while (status.ok()) {
    const auto size = ReadAt(fd, offset, buffer.data(), buffer.size(), file);
    status = size.status();
    if (!status.ok() || *size == 0) break;
    status = sink(std::string_view(buffer).substr(0, *size));
    offset += static_cast<int64_t>(*size);
  }
  ::close(fd);
  return status;
}

absl::StatusOr<Pairs> ReadPairs(const std::string& directory) {
  CAIRN_ASSIGN_OR_RETURN(const SourceFiles files, FilesBelow(directory));
  Pairs pairs;
  for (const SourceFile& file : files.files) {
    std::string& value = pairs[file.path];
    CAIRN_RETURN_IF_ERROR(
        ReadInParts(directory + "/" + file.path, [&](std::string_view part) -> absl::Status {
          value += part;
          if (static_cast<int64_t>(value.size()) <= kMostValueBytes) return absl::OkStatus();
          return Malformed(file.path, fmt::format("is above {} bytes", kMostValueBytes));
        }));
  }
  return pairs;
}

absl::StatusOr<Json> ReadYaml(const std::string& file) {
  std::string text;
  CAIRN_RETURN_IF_ERROR(ReadInParts(file, [&](std::string_view part) -> absl::Status {
    text += part;
    if (static_cast<int64_t>(text.size()) <= kMostYamlBytes) return absl::OkStatus();
    return Malformed(file, fmt::format("is above {} bytes", kMostYamlBytes));
  }));
  return ParseYaml(file, text);
}

absl::StatusOr<Json> ParseYaml(std::string_view what, const std::string& text) {
  try {
    int nodes = 0;
    std::optional<Json> json = JsonOf(YAML::Load(text), 0, nodes);
    if (json.has_value() && json->is_object()) return *std::move(json);
    return Malformed(what, "is no map of YAML, or too large a one");
  } catch (const std::exception& error) {  // what yaml-cpp says of its input
    return Malformed(what, fmt::format("is no YAML: {}", error.what()));
  }
}

absl::StatusOr<SourceMetric> ParseMetricLine(std::string_view line, bool of_model) {
  std::vector<std::string_view> parts;
  while (!line.empty()) {
    const size_t end = std::min(line.find(' '), line.size());
    parts.push_back(line.substr(0, end));
    line.remove_prefix(std::min(end + 1, line.size()));
  }
  const size_t dataset_at = of_model ? 4 : 3;
  const bool has_dataset = parts.size() == dataset_at + 2;
  const bool fits = has_dataset || parts.size() == dataset_at || (!of_model && parts.size() == 2);
  const auto time = fits ? IntegerOf(parts[0]) : std::nullopt;
  const auto value = fits ? ParseNumber(parts[1]) : std::nullopt;
  const auto step = fits && parts.size() > 2 ? IntegerOf(parts[2]) : std::optional<int64_t>(0);
  if (!time.has_value() || !value.has_value() || !step.has_value()) {
    return Malformed("a line of a metric", "is not a time, a value and a step");
  }
  SourceMetric metric;
  metric.latest = {*step, *time, *value};
  if (has_dataset) {
    metric.dataset_name = parts[dataset_at];
    metric.dataset_digest = parts[dataset_at + 1];
  }
  return metric;
}

}  // namespace cairn::mlflow_import

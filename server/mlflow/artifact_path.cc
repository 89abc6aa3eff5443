#include "server/mlflow/artifact_path.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "fmt/format.h"
#include "lib/base/artifact_path.h"
#include "lib/base/ids.h"
#include "lib/base/status_macros.h"
#include "server/mlflow/entities.h"
#include "server/mlflow/error.h"
#include "server/mlflow/logged_model.h"

namespace cairn::mlflow {
namespace {

// Longer ones are refused undecoded: three bytes for each that may be left, in a few rounds.
constexpr size_t kMostSentBytes = 16 * kMaxArtifactPathBytes;

absl::Status InvalidPath() { return Refuse(kInvalidParameter, "Invalid path"); }

std::optional<int> HexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  const char lower = static_cast<char>(c | 0x20);
  if (lower >= 'a' && lower <= 'f') return lower - 'a' + 10;
  return std::nullopt;
}

// An escape that is none stays as it is, as clients have it: "100%" is a name.
std::string DecodedOnce(std::string_view text) {
  std::string decoded;
  decoded.reserve(text.size());
  for (size_t at = 0; at < text.size(); ++at) {
    const bool escape = text[at] == '%' && at + 2 < text.size();
    const auto high = escape ? HexDigit(text[at + 1]) : std::nullopt;
    const auto low = escape ? HexDigit(text[at + 2]) : std::nullopt;
    if (high.has_value() && low.has_value()) {
      decoded += static_cast<char>(*high * 16 + *low);
      at += 2;
    } else {
      decoded += text[at];
    }
  }
  return decoded;
}

// With its escapes for the control characters of ASCII, so that no name has one; not for NUL, at
// which other programs end a name.
std::string WithControlsEscaped(std::string_view text) {
  std::string escaped;
  escaped.reserve(text.size());
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if ((byte >= 0x20 && byte != 0x7F) || byte == 0) {
      escaped += c;
    } else {
      escaped += fmt::format("%{:02x}", byte);
    }
  }
  return escaped;
}

bool BeginsLikeDriveOrUrl(std::string_view segment) {
  const auto is_letter = [](char c) { return (c | 0x20) >= 'a' && (c | 0x20) <= 'z'; };
  if (segment.size() >= 2 && is_letter(segment[0]) && segment[1] == ':') return true;
  constexpr std::string_view kFiles = "file:";
  return segment.size() >= kFiles.size() &&
         std::equal(kFiles.begin(), kFiles.end(), segment.begin(),
                    [](char a, char b) { return a == (b >= 'A' && b <= 'Z' ? (b | 0x20) : b); });
}

bool IsPlain(std::string_view path) {
  if (path.find_first_of("#?;") != std::string_view::npos) return false;
  for (size_t at = 0; at <= path.size();) {
    const size_t end = std::min(path.find('/', at), path.size());
    if (BeginsLikeDriveOrUrl(path.substr(at, end - at))) return false;
    at = end + 1;
  }
  return CheckArtifactPath("path", path).ok();
}

// Takes the first segment off `path`.
std::string TakeSegment(std::string& path) {
  const size_t end = std::min(path.find('/'), path.size());
  std::string segment = path.substr(0, end);
  path.erase(0, std::min(end + 1, path.size()));
  return segment;
}

}  // namespace

std::optional<std::string> FullyDecoded(std::string_view sent) {
  std::string text(sent);
  for (int round = 0; round < kMostDecodings; ++round) {
    std::string decoded = DecodedOnce(text);
    if (decoded == text) return text;
    text = std::move(decoded);
  }
  return std::nullopt;
}

absl::StatusOr<std::string> ArtifactPathOf(std::string_view sent) {
  if (sent.size() > kMostSentBytes) return InvalidPath();
  std::optional<std::string> path = FullyDecoded(sent);
  if (!path.has_value()) return InvalidPath();
  path = WithControlsEscaped(*path);
  if (path->empty() || *path == ".") return std::string();
  if (path->size() > 1 && path->back() == '/') path->pop_back();
  if (!IsPlain(*path)) return InvalidPath();
  return *std::move(path);
}

absl::StatusOr<ArtifactPlace> ArtifactPlaceOf(std::string_view sent) {
  CAIRN_ASSIGN_OR_RETURN(std::string path, ArtifactPathOf(sent));
  const std::string experiment = TakeSegment(path);
  std::string run_id = TakeSegment(path);
  if (run_id == "models") run_id = UidOfModelId(TakeSegment(path)).value_or("");
  const std::string folder = TakeSegment(path);
  if (!IsExperimentId(experiment) || !IsHexId(run_id) || folder != "artifacts") {
    return Refuse(kNotExists,
                  "There are artifacts of runs and logged models only, at "
                  "<experiment_id>/<run_id>/artifacts/<path> and "
                  "<experiment_id>/models/<model_id>/artifacts/<path>.");
  }
  std::string name = fmt::format("experiments/{}/runs/{}", experiment, run_id);
  return ArtifactPlace{std::move(run_id), std::move(name), std::move(path)};
}

}  // namespace cairn::mlflow

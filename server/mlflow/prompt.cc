#include "server/mlflow/prompt.h"

#include <algorithm>
#include <array>
#include <cstddef>

#include "fmt/format.h"
#include "lib/base/encoding.h"
#include "lib/base/errors.h"
#include "lib/base/utf8_prefix.h"
#include "server/core/limits.h"
#include "server/mlflow/error.h"

namespace cairn::mlflow {
namespace {

constexpr std::array<std::string_view, 2> kPlaceholders = {"dummy-source", "prompt-template"};
constexpr std::ptrdiff_t kMaxPromptCharacters = 100'000;

std::string PieceKey(size_t piece) { return fmt::format("{}{}", kPromptPiecePrefix, piece); }

std::ptrdiff_t Characters(std::string_view text) {
  return std::count_if(text.begin(), text.end(), [](char c) { return (c & 0xC0) != 0x80; });
}

}  // namespace

bool IsPrompt(const Tags& tags) {
  const auto tag = tags.find(std::string(kIsPromptTag));
  return tag != tags.end() && AsciiLower(tag->second) == "true";
}

absl::Status CheckPromptSource(std::string_view source) {
  if (std::find(kPlaceholders.begin(), kPlaceholders.end(), source) != kPlaceholders.end()) {
    return absl::OkStatus();
  }
  return Refuse(kInvalidParameter,
                fmt::format("Invalid prompt source: '{}'. Prompt sources must use an MLflow "
                            "placeholder.",
                            Shortened(source, 200)));
}

absl::Status CheckPromptText(std::string_view text) {
  if (Characters(text) <= kMaxPromptCharacters) return absl::OkStatus();
  return Refuse(kInvalidParameter, fmt::format("Prompt text exceeds max length of {} characters.",
                                               kMaxPromptCharacters));
}

void CutPromptText(Tags& tags) {
  const auto whole = tags.find(std::string(kPromptTextTag));
  if (whole == tags.end() || whole->second.size() <= limits::kTextBytes) return;
  const std::string text = whole->second;
  tags.erase(whole);
  std::string_view left = text;
  for (size_t piece = 0; !left.empty(); ++piece) {
    const std::string_view first = Utf8Prefix(left, limits::kTextBytes);
    tags[PieceKey(piece)] = std::string(first);
    left.remove_prefix(first.size());
  }
}

std::string JoinedPromptText(const Tags& tags) {
  std::string text;
  for (size_t piece = 0;; ++piece) {
    const auto found = tags.find(PieceKey(piece));
    if (found == tags.end()) return text;
    text += found->second;
  }
}

std::string PromptTextOf(const Tags& tags) {
  const auto whole = tags.find(std::string(kPromptTextTag));
  return whole == tags.end() ? JoinedPromptText(tags) : whole->second;
}

}  // namespace cairn::mlflow

#include "server/core/field_path.h"

#include "lib/base/encoding.h"
#include "lib/base/errors.h"
#include "lib/base/status_macros.h"

namespace cairn::core {
namespace {

// A longer one is no key that a run may have.
constexpr size_t kMaxFieldBytes = size_t{16} << 10;

std::string_view NameOf(RunField field) {
  switch (field) {
    case RunField::kMetric:
      return "metrics";
    case RunField::kMetricMin:
      return "metrics_min";
    case RunField::kMetricMax:
      return "metrics_max";
    case RunField::kParam:
      return "params";
    case RunField::kTag:
      return "tags";
    case RunField::kState:
      return "state";
    case RunField::kDisplayName:
      return "display_name";
    case RunField::kUid:
      return "uid";
    case RunField::kUser:
      return "user";
    case RunField::kStartTime:
      return "start_time";
    case RunField::kEndTime:
      return "end_time";
    case RunField::kCreateTime:
      return "create_time";
    case RunField::kDataset:
      return "dataset";
    case RunField::kParentRun:
      return "parent_run";
    case RunField::kDuration:
      return "duration";
    case RunField::kOutput:
      return "output";
  }
  return "";
}

bool IsPlainKey(std::string_view key) {
  for (size_t dot = key.find('.'); dot != std::string_view::npos; dot = key.find('.')) {
    if (!IsPlainPathPart(key.substr(0, dot))) return false;
    key.remove_prefix(dot + 1);
  }
  return IsPlainPathPart(key);
}

std::string QuotedKey(std::string_view key) {
  std::string quoted = "\"";
  for (const char c : key) {
    if (c == '"' || c == '\\' || c == '*') quoted += '\\';
    quoted += c;
  }
  return quoted + '"';
}

}  // namespace

std::string FormatRunField(const RunFieldRef& ref) {
  std::string text(NameOf(ref.field));
  if (ref.key.empty()) return text;
  text += '.';
  return text + (IsPlainKey(ref.key) ? ref.key : QuotedKey(ref.key));
}

absl::StatusOr<RunFieldRef> TakeRunField(FilterLexer& lexer) {
  CAIRN_ASSIGN_OR_RETURN(const FilterField path, lexer.TakePath());
  const auto ref = ResolveRunField(path.path);
  if (!ref) return lexer.ErrorAt(path.position, UnknownField(path.path));
  return *ref;
}

absl::StatusOr<RunFieldRef> ParseRunField(std::string_view field, std::string_view text) {
  FilterLexer lexer(text, ErrorReason::VALUE_INVALID, field);
  if (text.size() > kMaxFieldBytes || !IsValidUtf8(text)) {
    return lexer.ErrorAt(0, "not UTF-8, or longer than 16 KiB");
  }
  lexer.SkipBlanks();
  CAIRN_ASSIGN_OR_RETURN(RunFieldRef ref, TakeRunField(lexer));
  lexer.SkipBlanks();
  if (!lexer.AtEnd()) return lexer.ErrorAt(lexer.position(), "expected one field");
  return ref;
}

}  // namespace cairn::core

#include "server/core/field_path.h"

#include "lib/base/encoding.h"
#include "lib/base/errors.h"
#include "lib/base/status_macros.h"

namespace cairn::core {
namespace {

// A longer one is no key that a run may have.
constexpr size_t kMaxFieldBytes = size_t{16} << 10;

bool IsPlainKey(std::string_view key) {
  for (size_t dot = key.find('.'); dot != std::string_view::npos; dot = key.find('.')) {
    if (!IsPlainPathPart(key.substr(0, dot))) return false;
    key.remove_prefix(dot + 1);
  }
  return IsPlainPathPart(key);
}

}  // namespace

std::string FormatRunField(const RunFieldRef& ref) {
  std::string text(NameOfRunField(ref.field));
  if (ref.key.empty()) return text;
  FilterValue literal;
  literal.text = ref.key;
  return text + '.' + (IsPlainKey(ref.key) ? ref.key : QuotedText(literal));
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

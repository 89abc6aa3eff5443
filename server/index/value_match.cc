#include "server/index/value_match.h"

#include <algorithm>
#include <cmath>

#include "fmt/format.h"
#include "lib/base/digest.h"
#include "lib/base/numbers.h"
#include "server/index/words.h"

namespace cairn::index {
namespace {

using core::FilterOp;
using core::RunField;
using core::RunPredicate;
using core::TextPattern;
using Kind = core::FilterNode::Kind;

bool MatchesPattern(const TextPattern& pattern, std::string_view text) {
  if (pattern.size() == 1) return text == pattern[0];
  const std::string& head = pattern.front();
  const std::string& tail = pattern.back();
  if (text.size() < head.size() + tail.size()) return false;
  if (text.substr(0, head.size()) != head) return false;
  if (text.substr(text.size() - tail.size()) != tail) return false;
  std::string_view middle = text.substr(head.size(), text.size() - head.size() - tail.size());
  for (size_t i = 1; i + 1 < pattern.size(); ++i) {
    const size_t found = middle.find(pattern[i]);
    if (found == std::string_view::npos) return false;
    middle.remove_prefix(found + pattern[i].size());
  }
  return true;
}

std::string Lower(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return lower;
}

bool CompareText(const RunPredicate& p, std::string_view text) {
  switch (p.op) {
    case FilterOp::kEqual:
    case FilterOp::kHas:
      return MatchesPattern(p.pattern, text);
    case FilterOp::kNotEqual:
      return !MatchesPattern(p.pattern, text);
    case FilterOp::kLess:
      return text < p.text;
    case FilterOp::kLessEqual:
      return text <= p.text;
    case FilterOp::kGreater:
      return text > p.text;
    case FilterOp::kGreaterEqual:
      return text >= p.text;
    case FilterOp::kIn:
      break;
  }
  return false;
}

WordRange RangeOfWord(FilterOp op, uint64_t word, uint64_t least, uint64_t greatest) {
  switch (op) {
    case FilterOp::kEqual:
    case FilterOp::kHas:
      // A time before all that can be stored has the word of no value.
      return word == kNoValue ? WordRange{} : WordRange{word, word, false};
    case FilterOp::kNotEqual:
      return {word, word, true};
    case FilterOp::kLess:
      return {least, word == 0 ? 0 : word - 1, false};
    case FilterOp::kLessEqual:
      return {least, word, false};
    case FilterOp::kGreater:
      return word == greatest ? WordRange{} : WordRange{word + 1, greatest, false};
    case FilterOp::kGreaterEqual:
      return {std::max(word, least), greatest, false};
    case FilterOp::kIn:
      break;
  }
  return {};
}

WordRange NumberRange(FilterOp op, double number) {
  if (!std::isnan(number)) {
    return RangeOfWord(op, NumberWord(number), kLeastNumber, kGreatestNumber);
  }
  if (op == FilterOp::kEqual) return {kNanValue, kNanValue, false};
  return op == FilterOp::kNotEqual ? WordRange{kNanValue, kNanValue, true} : WordRange{};
}

bool CompareValue(const RunPredicate& p, std::string_view text) {
  const bool equality = p.op == FilterOp::kEqual || p.op == FilterOp::kNotEqual;
  if (p.number && p.op != FilterOp::kHas && !(equality && p.quoted)) {
    if (const auto number = ParseNumber(text)) {
      return NumberRange(p.op, *p.number).Contains(NumberWord(*number));
    }
  }
  return CompareText(p, text);
}

bool NamesInput(const RunPredicate& p, std::string_view version, std::string_view sha256) {
  return MatchesPattern(p.pattern, sha256) || core::NamesVersion(p.pattern, version);
}

bool MatchesInputs(const RunPredicate& p, std::string_view inputs) {
  bool named = false;
  while (!inputs.empty() && !named) {
    const InputTexts input = TakeInput(inputs);
    named = NamesInput(p, input.version, input.sha256);
  }
  return named != (p.op == FilterOp::kNotEqual);
}

bool MatchesOutputs(const RunPredicate& p, std::string_view outputs) {
  bool named = false;
  while (!outputs.empty() && !named) {
    const size_t end = outputs.find('\0');
    named = core::NamesVersion(p.pattern, outputs.substr(0, end));
    outputs.remove_prefix(end + 1);
  }
  return named != (p.op == FilterOp::kNotEqual);
}

bool MatchesState(const RunPredicate& p, std::string_view text) {
  if (p.present) return text != cairn::v1::Run::State_Name(cairn::v1::Run::STATE_UNSPECIFIED);
  const bool same = text == cairn::v1::Run::State_Name(p.state);
  return same != (p.op == FilterOp::kNotEqual);
}

}  // namespace

bool TextMatches(const RunPredicate& p, TextKind kind, std::string_view text) {
  if (p.kind == Kind::kText) return MatchesPattern(p.pattern, Lower(text));
  switch (kind) {
    case TextKind::kValue:
      return p.present || CompareValue(p, text);
    case TextKind::kName:
      return p.present || CompareText(p, text);
    case TextKind::kState:
      return MatchesState(p, text);
    case TextKind::kDataset:
      return p.present || MatchesInputs(p, text);
    case TextKind::kParentRun:
      return p.present || core::NamesRun(p.pattern, text) != (p.op == FilterOp::kNotEqual);
    case TextKind::kOutput:
      return p.present || MatchesOutputs(p, text);
  }
  return false;
}

bool AbsentMatches(const RunPredicate& p) {
  return p.kind == Kind::kText && MatchesPattern(p.pattern, "");
}

std::string EncodeInputs(const google::protobuf::RepeatedPtrField<cairn::v1::RunInput>& inputs) {
  std::string text;
  for (const cairn::v1::RunInput& input : inputs) {
    text.append(input.dataset_version()).push_back('\0');
    text.append(input.sha256()).push_back('\0');
  }
  return text;
}

InputTexts TakeInput(std::string_view& encoded) {
  const size_t middle = encoded.find('\0');
  const size_t end = middle == std::string_view::npos ? middle : encoded.find('\0', middle + 1);
  if (end == std::string_view::npos) {
    encoded = {};
    return {};
  }
  const InputTexts input{encoded.substr(0, middle), encoded.substr(middle + 1, end - middle - 1)};
  encoded.remove_prefix(end + 1);
  return input;
}

std::string EncodeOutputs(const google::protobuf::RepeatedPtrField<cairn::v1::RunOutput>& outputs) {
  std::string text;
  for (const cairn::v1::RunOutput& output : outputs) {
    text.append(output.resource()).push_back('\0');
  }
  return text;
}

WordRange RangeOf(const RunPredicate& p) {
  if (p.present) return {1, ~uint64_t{0}, false};
  if (IsMetricField(p.ref.field)) return p.number ? NumberRange(p.op, *p.number) : WordRange{};
  return RangeOfWord(p.op, TimeWord(p.nanos), 1, ~uint64_t{0});
}

std::string PredicateKey(const RunPredicate& p) {
  std::string key = fmt::format("{}", static_cast<int>(p.kind));
  if (p.kind != Kind::kCompare && p.kind != Kind::kText) {
    for (const RunPredicate& child : p.children) key += "(" + PredicateKey(child) + ")";
    return key;
  }
  // Lengths before texts keep different lists of texts apart.
  const auto add = [&key](std::string_view text) {
    key += fmt::format("{}:{}", text.size(), text);
  };
  key += fmt::format(",{},{},{},{},{},{},", static_cast<int>(p.ref.field), static_cast<int>(p.op),
                     p.present, p.quoted, p.nanos, static_cast<int>(p.state));
  add(p.ref.key);
  add(p.text);
  for (const std::string& piece : p.pattern) add(piece);
  if (p.op != FilterOp::kIn) return key;
  // A list may be long, so that its digest stands for it.
  Sha256Hasher list;
  for (const RunPredicate& value : p.children) list.Update("(" + PredicateKey(value) + ")");
  const Digest digest = list.Finish();
  return key.append(digest.sha256.begin(), digest.sha256.end());
}

bool IsMetricField(RunField field) {
  return field == RunField::kMetric || field == RunField::kMetricMin ||
         field == RunField::kMetricMax;
}

bool UsesMetrics(const RunPredicate& p) {
  if (p.kind == Kind::kCompare) return IsMetricField(p.ref.field);
  return std::any_of(p.children.begin(), p.children.end(), UsesMetrics);
}

}  // namespace cairn::index

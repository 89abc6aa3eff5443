#include "server/index/row_order.h"

#include <utility>

#include "fmt/format.h"
#include "lib/base/errors.h"
#include "server/index/value_match.h"

namespace cairn::index {
namespace {

using core::RunField;

// The classes of core/order_by.cc.
constexpr char kNumberClass = 0x01;
constexpr char kNanClass = 0x02;
constexpr char kTextClass = 0x03;
constexpr char kMissingClass = 0x04;

void AppendByte(std::string& out, uint8_t byte, bool descending) {
  out += static_cast<char>(descending ? ~byte : byte);
}

void AppendText(std::string& out, std::string_view text, bool descending) {
  out += kTextClass;
  for (const char c : text) {
    AppendByte(out, static_cast<uint8_t>(c), descending);
    if (c == '\0') AppendByte(out, 0xff, descending);
  }
  AppendByte(out, 0x00, descending);
  AppendByte(out, 0x01, descending);
}

// Reads sort keys from the front.
class KeyReader {
 public:
  explicit KeyReader(std::string_view bytes) : rest_(bytes) {}

  std::optional<uint8_t> Byte(bool descending = false) {
    if (rest_.empty()) return std::nullopt;
    const auto byte = static_cast<uint8_t>(rest_[0]);
    rest_.remove_prefix(1);
    return descending ? static_cast<uint8_t>(~byte) : byte;
  }

  // The 8 bytes of a number as they stand: they already sort by direction.
  std::optional<uint64_t> Word() {
    if (rest_.size() < 8) return std::nullopt;
    uint64_t word = 0;
    for (size_t i = 0; i < 8; ++i) word = word << 8 | static_cast<uint8_t>(rest_[i]);
    rest_.remove_prefix(8);
    return word;
  }

  std::optional<std::string> Text(bool descending) {
    std::string text;
    while (const auto byte = Byte(descending)) {
      if (*byte == 0) {
        const auto next = Byte(descending);
        if (!next || (*next != 0x01 && *next != 0xff)) return std::nullopt;
        if (*next == 0x01) return text;
      }
      text += static_cast<char>(*byte);
    }
    return std::nullopt;
  }

  bool AtEnd() const { return rest_.empty(); }

 private:
  std::string_view rest_;
};

std::optional<SeekPosition::Value> ReadValue(KeyReader& reader, bool descending) {
  const auto value_class = reader.Byte();
  if (!value_class) return std::nullopt;
  switch (static_cast<char>(*value_class)) {
    case kNumberClass: {
      const auto word = reader.Word();
      return word ? std::make_optional(SeekPosition::Value{*word, ""}) : std::nullopt;
    }
    case kNanClass:
      return SeekPosition::Value{kNanSort, ""};
    case kMissingClass:
      return SeekPosition::Value{kMissingSort, ""};
    case kTextClass: {
      auto text = reader.Text(descending);
      if (!text || text->empty()) return std::nullopt;
      const uint64_t word = TextSortWord(*text);
      return SeekPosition::Value{descending ? Descending(word) : word, *std::move(text)};
    }
    default:
      return std::nullopt;
  }
}

}  // namespace

std::optional<RowOrder> RowOrder::Bind(const RunColumns& columns, const core::RunOrder& order) {
  RowOrder bound;
  bound.columns_ = &columns;
  for (const core::RunOrder::Key& key : order.keys()) {
    if (columns.IsDropped(key.ref.field, key.ref.key)) return std::nullopt;
    Key added;
    added.descending = key.descending;
    switch (key.ref.field) {
      case RunField::kMetric:
      case RunField::kMetricMin:
      case RunField::kMetricMax:
        added.kind = Kind::kMetric;
        added.words = WordsOf(columns, key.ref);
        bound.changes_with_ = ChangeKind::kMetrics;
        break;
      case RunField::kStartTime:
      case RunField::kEndTime:
      case RunField::kCreateTime:
      case RunField::kDuration:
        added.kind = Kind::kTime;
        added.words = WordsOf(columns, key.ref);
        break;
      case RunField::kUid:
        added.kind = Kind::kId;
        break;
      default:
        added.text = columns.text(key.ref.field, key.ref.key);
    }
    bound.keys_.push_back(added);
    bound.key_ += fmt::format("{}{}{}:{}", key.descending ? '-' : '+',
                              static_cast<int>(key.ref.field), key.ref.key.size(), key.ref.key);
    if (bound.keys_.size() == 1) bound.first_key_ = bound.key_;
  }
  return bound;
}

RowOrder RowOrder::ByFirstKey() const {
  RowOrder first;
  first.columns_ = columns_;
  first.keys_.assign(1, keys_[0]);
  first.key_ = first.first_key_ = first_key_;
  first.changes_with_ = keys_[0].kind == Kind::kMetric ? ChangeKind::kMetrics : ChangeKind::kRecord;
  return first;
}

uint64_t RowOrder::Word(const Key& key, Row row) const {
  uint64_t word = kMissingSort;
  switch (key.kind) {
    case Kind::kMetric:
      word = MetricSortWord(key.words.Get(row));
      break;
    case Kind::kTime:
      word = key.words.Get(row);
      if (word == kNoValue) return kMissingSort;
      return key.descending ? ~word : word;
    case Kind::kText:
      if (key.text != nullptr) word = key.text->dictionary.sort_word(key.text->codes.Get(row));
      break;
    case Kind::kId:
      word = TextSortWord(columns_->id(row).ToString());
      break;
  }
  return key.descending ? Descending(word) : word;
}

std::string RowOrder::TextOf(const Key& key, Row row) const {
  if (key.kind == Kind::kId) return columns_->id(row).ToString();
  return std::string(key.text->dictionary.text(key.text->codes.Get(row)));
}

int RowOrder::CompareTexts(const Key& key, Row a, Row b) const {
  int result = 0;
  if (key.kind == Kind::kId) {
    const auto order = columns_->id(a) <=> columns_->id(b);
    result = order < 0 ? -1 : order > 0 ? 1 : 0;
  } else {
    const uint32_t code_a = key.text->codes.Get(a);
    const uint32_t code_b = key.text->codes.Get(b);
    if (code_a == code_b) return 0;
    result = key.text->dictionary.text(code_a).compare(key.text->dictionary.text(code_b));
  }
  return key.descending ? -result : result;
}

int RowOrder::CompareTied(Row a, Row b) const {
  for (size_t i = 0; i < keys_.size(); ++i) {
    const Key& key = keys_[i];
    const bool texts = key.kind == Kind::kText || key.kind == Kind::kId;
    if (i == 0 && !texts) continue;
    const uint64_t word_a = Word(key, a);
    const uint64_t word_b = Word(key, b);
    if (word_a != word_b) return word_a < word_b ? -1 : 1;
    if (!texts || !IsTextSort(word_a)) continue;
    if (const int order = CompareTexts(key, a, b); order != 0) return order;
  }
  const auto order = columns_->id(a) <=> columns_->id(b);
  return order < 0 ? -1 : order > 0 ? 1 : 0;
}

bool RowOrder::After(uint64_t word, Row row, const SeekPosition& position) const {
  if (word != position.values[0].word) return word > position.values[0].word;
  for (size_t i = 0; i < keys_.size(); ++i) {
    const SeekPosition::Value& value = position.values[i];
    const uint64_t own = i == 0 ? word : Word(keys_[i], row);
    if (own != value.word) return own > value.word;
    const bool texts = keys_[i].kind == Kind::kText || keys_[i].kind == Kind::kId;
    if (!texts || !IsTextSort(own)) continue;
    const int order = TextOf(keys_[i], row).compare(value.text);
    if (order != 0) return (order > 0) != keys_[i].descending;
  }
  return columns_->id(row) > position.id;
}

std::string RowOrder::SortKey(Row row) const {
  std::string out;
  for (const Key& key : keys_) {
    const uint64_t word = Word(key, row);
    if (word == kMissingSort) {
      out += kMissingClass;
    } else if (key.kind != Kind::kTime && word == kNanSort) {
      out += kNanClass;
    } else if (key.kind != Kind::kTime && IsTextSort(word)) {
      AppendText(out, TextOf(key, row), key.descending);
    } else {
      out += kNumberClass;
      for (int shift = 56; shift >= 0; shift -= 8) out += static_cast<char>(word >> shift);
    }
  }
  AppendText(out, columns_->id(row).ToString(), false);
  return out;
}

absl::StatusOr<SeekPosition> RowOrder::ParseSortKey(std::string_view bytes) const {
  KeyReader reader(bytes);
  SeekPosition position;
  bool valid = true;
  for (const Key& key : keys_) {
    auto value = valid ? ReadValue(reader, key.descending) : std::nullopt;
    valid = value.has_value();
    if (valid) position.values.push_back(*std::move(value));
  }
  const auto last = valid ? ReadValue(reader, false) : std::nullopt;
  const auto id = last ? RunId::Parse(last->text) : std::nullopt;
  if (!id || !reader.AtEnd()) {
    return InvalidField(ErrorReason::PAGE_TOKEN_INVALID, "page_token", "",
                        "does not end at a place in this order")
        .ToStatus();
  }
  position.id = *id;
  return position;
}

}  // namespace cairn::index

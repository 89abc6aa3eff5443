#include "pipeline/data/sheet_rows.h"

#include <array>
#include <cstdint>

#include "absl/strings/ascii.h"
#include "pipeline/data/xml_stream.h"

namespace cairn::pipeline {
namespace {

// What a byte may be part of.
constexpr uint8_t kInText = 1;
constexpr uint8_t kInQuotes = 2;
constexpr uint8_t kInName = 4;

constexpr std::array<uint8_t, 256> MakeByteClasses() {
  std::array<uint8_t, 256> classes{};
  for (int c = 0x20; c < 0x7f; ++c) {
    if (c == '<' || c == '>' || c == '&') continue;
    const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    const bool name = letter || (c >= '0' && c <= '9') || c == ':' || c == '_' || c == '-';
    classes[static_cast<size_t>(c)] =
        static_cast<uint8_t>(kInText | (c == '"' ? 0 : kInQuotes) | (name ? kInName : 0));
  }
  return classes;
}

constexpr std::array<uint8_t, 256> kByteClasses = MakeByteClasses();

// More attributes than this are not plain.
constexpr size_t kMaxAttributes = 12;

// The attributes of one tag.
class TagAttributes {
 public:
  void Clear() { count_ = 0; }

  // False when there are too many, or one twice.
  bool Add(std::string_view name, std::string_view value) {
    if (count_ == kMaxAttributes) return false;
    for (size_t i = 0; i < count_; ++i) {
      if (names_[i] == name) return false;
    }
    names_[count_] = name;
    values_[count_++] = value;
    return true;
  }

  // The first with this local name, as Attribute() of xml_stream.h has it.
  std::string_view Find(std::string_view name) const {
    for (size_t i = 0; i < count_; ++i) {
      if (LocalName(names_[i]) == name) return values_[i];
    }
    return {};
  }

 private:
  std::array<std::string_view, kMaxAttributes> names_;
  std::array<std::string_view, kMaxAttributes> values_;
  size_t count_ = 0;
};

// A place in the text that only moves on. Each step says whether the text went on as it must; once
// it did not, at_end() tells a text that ended from one that is not plain.
class RowCursor {
 public:
  explicit RowCursor(std::string_view text) : at_(text.data()), end_(text.data() + text.size()) {}

  const char* at() const { return at_; }
  bool at_end() const { return at_ == end_; }

  void SkipBlanks() {
    while (at_ != end_ && (*at_ == ' ' || *at_ == '\n' || *at_ == '\r' || *at_ == '\t')) ++at_;
  }

  // On a mismatch the cursor stands where the texts part, or at the end.
  bool Take(std::string_view expected) {
    for (const char c : expected) {
      if (at_ == end_ || *at_ != c) return false;
      ++at_;
    }
    return true;
  }

  // Takes `c` if it is next; no mismatch otherwise.
  bool TakeIf(char c) {
    if (at_ == end_ || *at_ != c) return false;
    ++at_;
    return true;
  }

  std::string_view TakeClass(uint8_t wanted) {
    const char* const first = at_;
    while (at_ != end_ && (kByteClasses[static_cast<uint8_t>(*at_)] & wanted) != 0) ++at_;
    return {first, static_cast<size_t>(at_ - first)};
  }

  // ` name="value"` as often as it comes, then `>` or `/>`.
  bool TakeAttributes(TagAttributes* attributes, bool* empty) {
    attributes->Clear();
    while (TakeIf(' ')) {
      if (at_ == end_) return false;
      if (!absl::ascii_isalpha(static_cast<unsigned char>(*at_))) continue;
      const std::string_view name = TakeClass(kInName);
      if (!Take("=\"")) return false;
      const std::string_view value = TakeClass(kInQuotes);
      if (!Take("\"") || !attributes->Add(name, value)) return false;
    }
    *empty = TakeIf('/');
    return Take(">");
  }

 private:
  const char* at_;
  const char* const end_;
};

// What stands between <c …> and </c>.
bool TakeContent(RowCursor* cursor, PlainCell* cell) {
  if (!cursor->Take("<")) return false;
  if (cursor->TakeIf('v')) {
    if (!cursor->Take(">")) return false;
    cell->value = cursor->TakeClass(kInText);
    return cursor->Take("</v></c>");
  }
  if (cursor->TakeIf('i')) {
    if (!cursor->Take("s><t")) return false;
    if (cursor->TakeIf(' ') && !cursor->Take("xml:space=\"preserve\"")) return false;
    if (!cursor->Take(">")) return false;
    cell->value = cursor->TakeClass(kInText);
    return cursor->Take("</t></is></c>");
  }
  return cursor->Take("/c>");
}

bool TakeCell(RowCursor* cursor, TagAttributes* attributes, PlainCell* cell) {
  bool empty = false;
  if (!cursor->TakeAttributes(attributes, &empty)) return false;
  *cell = {attributes->Find("r"), attributes->Find("t"), {}};
  return empty || TakeContent(cursor, cell);
}

bool TakeRow(RowCursor* cursor, PlainRow* row) {
  cursor->SkipBlanks();
  TagAttributes attributes;
  bool empty = false;
  if (!cursor->Take("<row") || !cursor->TakeAttributes(&attributes, &empty)) return false;
  row->number = attributes.Find("r");
  row->cells.clear();
  while (!empty) {
    if (!cursor->Take("<")) return false;
    if (!cursor->TakeIf('c')) return cursor->Take("/row>");
    if (!TakeCell(cursor, &attributes, &row->cells.emplace_back())) return false;
  }
  return true;
}

}  // namespace

PlainRowResult ScanPlainRow(std::string_view* text, PlainRow* row) {
  RowCursor cursor(*text);
  if (!TakeRow(&cursor, row)) {
    return cursor.at_end() ? PlainRowResult::kEnds : PlainRowResult::kNotPlain;
  }
  text->remove_prefix(static_cast<size_t>(cursor.at() - text->data()));
  return PlainRowResult::kRow;
}

}  // namespace cairn::pipeline

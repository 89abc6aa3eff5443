#include "server/index/run_fields.h"

#include <algorithm>
#include <array>
#include <bit>
#include <numeric>
#include <string_view>
#include <tuple>
#include <utility>

#include "lib/base/encoding.h"
#include "lib/base/errors.h"
#include "server/index/words.h"

namespace cairn::index {
namespace {

using core::RunField;

// What looking at a name, and at a value of a row, is charged to a StopMeter.
constexpr size_t kNameWork = 100;
constexpr size_t kValueWork = 5;

// By kind in the order of the list.
constexpr std::array<RunField, 3> kKinds = {RunField::kMetric, RunField::kParam, RunField::kTag};
constexpr std::array<std::string_view, 3> kKindNames = {"metrics.", "params.", "tags."};

// A field that may be listed, with its column: at most one of the two.
struct ListedField {
  bool later = false;  // the key does not begin with the text
  size_t kind = 0;     // in kKinds
  std::string_view key;
  const MetricColumn* metric = nullptr;
  const TextColumn* text = nullptr;

  auto place() const { return std::tie(later, kind, key); }
};

// The rows that are looked at, and whether they are all there are.
struct FieldRows {
  const Bitmap& rows;
  bool everything = false;
};

// Calls `visit(word)` for each row that has the metric until it returns false.
template <typename Visit>
void ForEachWord(const MetricColumn& column, const FieldRows& looked_at, Visit&& visit) {
  const SparseColumn& words = column.part(MetricColumn::kLatest);
  for (const RowWord& entry : words.few()) {
    if (looked_at.rows.Get(entry.row) && !visit(entry.word)) return;
  }
  for (size_t chunk = 0; chunk < words.dense().chunk_count(); ++chunk) {
    const uint64_t* all = words.dense().Chunk(chunk);
    const Mask* mask = looked_at.rows.Chunk(chunk);
    if (all == nullptr || mask == nullptr) continue;
    for (size_t i = 0; i < kMaskWords; ++i) {
      for (uint64_t bits = (*mask)[i]; bits != 0; bits &= bits - 1) {
        const uint64_t word = all[i * 64 + static_cast<size_t>(std::countr_zero(bits))];
        if (word != kNoValue && !visit(word)) return;
      }
    }
  }
}

// The same with the code of each row that has a text.
template <typename Code, typename Visit>
bool ForEachCodeOf(const CodeColumn::Chunk& codes, const Mask& mask, Visit&& visit) {
  const Code* all = codes.As<Code>();
  for (size_t i = 0; i < kMaskWords; ++i) {
    for (uint64_t bits = mask[i]; bits != 0; bits &= bits - 1) {
      const Code code = all[i * 64 + static_cast<size_t>(std::countr_zero(bits))];
      if (code != 0 && !visit(uint32_t{code})) return false;
    }
  }
  return true;
}

template <typename Visit>
void ForEachCode(const TextColumn& column, const FieldRows& looked_at, Visit&& visit) {
  for (size_t chunk = 0; chunk < column.codes.chunk_count(); ++chunk) {
    const CodeColumn::Chunk* codes = column.codes.Find(chunk);
    const Mask* mask = looked_at.rows.Chunk(chunk);
    if (codes == nullptr || mask == nullptr) continue;
    const bool on = codes->width == 1   ? ForEachCodeOf<uint8_t>(*codes, *mask, visit)
                    : codes->width == 2 ? ForEachCodeOf<uint16_t>(*codes, *mask, visit)
                                        : ForEachCodeOf<uint32_t>(*codes, *mask, visit);
    if (!on) return;
  }
}

// Whether a row has the field. Of a dropped column nobody can tell.
bool IsThere(const ListedField& listed, const FieldRows& looked_at) {
  if (listed.metric == nullptr && listed.text == nullptr) return true;
  const size_t rows = listed.metric != nullptr ? listed.metric->rows() : listed.text->rows();
  if (rows == 0 || looked_at.everything) return rows != 0;
  bool there = false;
  const auto found = [&there](auto) {
    there = true;
    return false;
  };
  listed.metric != nullptr ? ForEachWord(*listed.metric, looked_at, found)
                           : ForEachCode(*listed.text, looked_at, found);
  return there;
}

// Finds names by a text.
class NameMatch {
 public:
  explicit NameMatch(std::string_view text) : text_(AsciiLower(text)) {}

  // Fills in `later`; false if the name is not looked for.
  bool Take(ListedField& listed) {
    if (text_.empty()) return true;
    const std::string lower = AsciiLower(listed.key);
    const std::string_view kind = kKindNames[listed.kind];
    if (text_.size() > kind.size() && text_.starts_with(kind) &&
        lower.starts_with(std::string_view(text_).substr(kind.size()))) {
      return true;
    }
    const size_t at = lower.find(text_);
    listed.later = at != 0;
    return at != std::string::npos;
  }

 private:
  const std::string text_;
};

std::vector<ListedField> NamesOf(const RunColumns& columns, const FieldQuery& query,
                                 const FieldRows& looked_at, StopMeter& meter) {
  std::vector<ListedField> names;
  NameMatch match(query.text);
  const auto add = [&](ListedField listed) {
    if (meter.Spend(kNameWork) || !match.Take(listed)) return;
    if (IsThere(listed, looked_at)) names.push_back(listed);
  };
  columns.ForEachMetric([&](const std::string& key, const MetricColumn& column) {
    add({false, 0, key, &column, nullptr});
  });
  for (const size_t kind : {size_t{1}, size_t{2}}) {
    columns.ForEachText(kKinds[kind], [&](const std::string& key, const TextColumn& column) {
      add({false, kind, key, nullptr, &column});
    });
  }
  for (const auto& [field, key] : columns.dropped()) {
    const auto kind = std::find(kKinds.begin(), kKinds.end(), field) - kKinds.begin();
    if (!key.empty()) add({false, static_cast<size_t>(kind), key, nullptr, nullptr});
  }
  return names;
}

// Counts the different words of a column. Keeps its memory for the next one.
//
// Many words are dealt out by their hash first, into parts whose table stays in the first cache:
// a table of all of them would miss it with every word.
class DistinctWords {
 public:
  int64_t Count(const std::vector<uint64_t>& words) {
    if (words.size() <= kWordsOfPart) return CountPart(words.data(), words.data() + words.size());
    const int bits = std::bit_width(words.size() / kWordsOfPart);
    const int shift = 64 - bits;
    ends_.assign((size_t{1} << bits) + 1, 0);
    for (const uint64_t word : words) ++ends_[(HashOf(word) >> shift) + 1];
    std::partial_sum(ends_.begin(), ends_.end(), ends_.begin());
    dealt_.resize(words.size());
    for (const uint64_t word : words) dealt_[ends_[HashOf(word) >> shift]++] = word;
    int64_t distinct = 0;
    size_t begin = 0;
    for (size_t part = 0; part + 1 < ends_.size(); ++part) {
      distinct += CountPart(dealt_.data() + begin, dealt_.data() + ends_[part]);
      begin = ends_[part];
    }
    return distinct;
  }

 private:
  static constexpr size_t kWordsOfPart = 1024;

  static uint64_t HashOf(uint64_t word) { return word * 0x9e3779b97f4a7c15; }

  // Words of one part have the highest bits of their hashes in common: the next ones tell them
  // apart.
  int64_t CountPart(const uint64_t* begin, const uint64_t* end) {
    const size_t size = std::bit_ceil(static_cast<size_t>(end - begin) * 2 + 1);
    table_.assign(size, kNoValue);
    int64_t distinct = 0;
    for (const uint64_t* word = begin; word != end; ++word) {
      auto at = static_cast<size_t>(HashOf(*word) >> 20) & (size - 1);
      while (table_[at] != kNoValue && table_[at] != *word) at = (at + 1) & (size - 1);
      distinct += table_[at] == kNoValue ? 1 : 0;
      table_[at] = *word;
    }
    return distinct;
  }

  std::vector<size_t> ends_;  // where the next word of each part goes
  std::vector<uint64_t> dealt_;
  std::vector<uint64_t> table_;  // a power of two of places, at most half of them taken
};

// Works out what is known of fields, one after the other.
class FactsFinder {
 public:
  FactsFinder(const FieldRows& looked_at, StopMeter& meter)
      : looked_at_(looked_at), meter_(meter) {}

  FieldFacts Of(const ListedField& listed) {
    FieldFacts facts;
    facts.ref = {kKinds[listed.kind], std::string(listed.key)};
    if (meter_.stopped()) return facts;
    if (listed.metric != nullptr) AddMetric(*listed.metric, facts);
    if (listed.text != nullptr) AddText(*listed.text, facts);
    return facts;
  }

 private:
  static void AddNumber(uint64_t word, FieldFacts& facts) {
    if (word <= kLeastNumber || word >= kGreatestNumber) return;
    const double number = NumberOfWord(word);
    facts.least = std::min(facts.least.value_or(number), number);
    facts.greatest = std::max(facts.greatest.value_or(number), number);
  }

  void AddMetric(const MetricColumn& column, FieldFacts& facts) {
    facts.type = FieldFacts::Type::kNumber;
    words_.clear();
    ForEachWord(column, looked_at_, [&](uint64_t word) {
      words_.push_back(word);
      return true;
    });
    uint64_t least = kGreatestNumber;
    uint64_t greatest = kLeastNumber;
    for (const uint64_t word : words_) {
      if (word <= kLeastNumber || word >= kGreatestNumber) continue;
      least = std::min(least, word);
      greatest = std::max(greatest, word);
    }
    AddNumber(least, facts);
    AddNumber(greatest, facts);
    facts.runs = static_cast<int64_t>(words_.size());
    facts.distinct = distinct_.Count(words_);
    meter_.Spend(words_.size() * kValueWork);
  }

  void AddText(const TextColumn& column, FieldFacts& facts) {
    const Dictionary& texts = column.dictionary;
    std::vector<bool> seen(texts.code_limit());
    if (looked_at_.everything) {
      facts.runs = static_cast<int64_t>(texts.all_uses());
      for (uint32_t code = 1; code < texts.code_limit(); ++code) seen[code] = texts.uses(code) > 0;
    } else {
      ForEachCode(column, looked_at_, [&](uint32_t code) {
        ++facts.runs;
        seen[code] = true;
        return true;
      });
    }
    bool numbers = true;
    for (uint32_t code = 1; code < texts.code_limit(); ++code) {
      if (!seen[code]) continue;
      ++facts.distinct;
      const uint64_t word = texts.sort_word(code);
      numbers = numbers && word <= kNanSort;
      if (numbers) AddNumber(word, facts);
    }
    facts.type = numbers ? FieldFacts::Type::kNumber : FieldFacts::Type::kText;
    if (!numbers) facts.least = facts.greatest = std::nullopt;
    meter_.Spend(static_cast<size_t>(facts.runs) * kValueWork);
  }

  const FieldRows& looked_at_;
  StopMeter& meter_;
  std::vector<uint64_t> words_;
  DistinctWords distinct_;
};

std::string LastKeyOf(const ListedField& listed) {
  std::string bytes = {listed.later ? '1' : '0', static_cast<char>('0' + listed.kind)};
  return bytes.append(listed.key);
}

// A view of the bytes; nullopt if they are none of LastKeyOf.
std::optional<ListedField> ParseFieldKey(std::string_view bytes) {
  if (bytes.size() < 2 || (bytes[0] != '0' && bytes[0] != '1')) return std::nullopt;
  const auto kind = static_cast<size_t>(bytes[1] - '0');
  if (kind >= kKinds.size()) return std::nullopt;
  return ListedField{bytes[0] == '1', kind, bytes.substr(2), nullptr, nullptr};
}

bool ComesBefore(const ListedField& a, const ListedField& b) { return a.place() < b.place(); }

}  // namespace

absl::StatusOr<FieldPage> ListFields(const RunColumns& columns, const Bitmap& rows,
                                     const FieldQuery& query, StopMeter& meter) {
  const FieldRows looked_at{rows, rows.Count() == columns.exists().Count()};
  std::vector<ListedField> names = NamesOf(columns, query, looked_at, meter);
  FieldPage page;
  page.total = names.size();
  if (!query.after.empty()) {
    const auto after = ParseFieldKey(query.after);
    if (!after) {
      return InvalidField(ErrorReason::PAGE_TOKEN_INVALID, "page_token", "",
                          "does not end at a field")
          .ToStatus();
    }
    names.erase(std::remove_if(names.begin(), names.end(),
                               [&](const ListedField& name) { return !ComesBefore(*after, name); }),
                names.end());
  }
  const size_t size = std::min(query.limit, names.size());
  page.more = size < names.size();
  const auto end = names.begin() + static_cast<std::ptrdiff_t>(size);
  std::partial_sort(names.begin(), end, names.end(), ComesBefore);
  if (size > 0) page.last_key = LastKeyOf(names[size - 1]);
  FactsFinder facts(looked_at, meter);
  for (auto name = names.begin(); name != end; ++name) page.fields.push_back(facts.Of(*name));
  return page;
}

}  // namespace cairn::index

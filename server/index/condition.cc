#include "server/index/condition.h"

#include <algorithm>
#include <utility>

#include "server/index/condition_limits.h"
#include "server/index/kernels.h"

namespace cairn::index {
namespace {

void AndInto(Mask& mask, const Mask& other) {
  for (size_t i = 0; i < kMaskWords; ++i) mask[i] &= other[i];
}

void AndNotInto(Mask& mask, const Mask& other) {
  for (size_t i = 0; i < kMaskWords; ++i) mask[i] &= ~other[i];
}

bool IsEmpty(const Mask& mask) {
  uint64_t any = 0;
  for (const uint64_t word : mask) any |= word;
  return any == 0;
}

void NarrowRange(const ChunkWords& words, const WordRange& range, Mask& mask) {
  Mask inside{};
  if (words.all == nullptr) {
    for (const RowWord* entry = words.few_begin; entry != words.few_end; ++entry) {
      const Row offset = entry->row % kChunkRows;
      if (range.Contains(entry->word)) inside[offset / 64] |= uint64_t{1} << (offset % 64);
    }
    return AndInto(mask, inside);
  }
  if (range.lo <= range.hi) RangeMask(words.all, range.lo, range.hi, inside);
  if (!range.negated) return AndInto(mask, inside);
  AndNotInto(mask, inside);
  RangeMask(words.all, 1, ~uint64_t{0}, inside);
  AndInto(mask, inside);
}

template <typename Code>
void EqualCodes(const CodeColumn::Chunk& chunk, uint32_t code, Mask& out) {
  const auto narrow = static_cast<Code>(code);
  if (narrow != code) return out.fill(0);
  EqualMask(chunk.As<Code>(), narrow, out);
}

}  // namespace

bool Condition::MatchesCode(uint32_t code) const {
  uint8_t& verdict = verdicts_[code];
  if (verdict == kUnknown) {
    const bool match = TextHolds(text_->dictionary.text(code));
    if (meter_->stopped()) return false;
    verdict = match ? 1 : 0;
  }
  return verdict != 0;
}

bool Condition::TextHolds(std::string_view text) const {
  const size_t values = values_ == nullptr ? 1 : values_->comparisons(text_kind_);
  if (meter_->Spend(values * (kCompareWork + text.size()))) return false;
  return values_ == nullptr ? TextMatches(*predicate_, text_kind_, text)
                            : values_->HasText(text_kind_, text);
}

void Condition::JudgeAll() {
  judged_ = true;
  for (uint32_t code = 1; code < verdicts_.size(); ++code) {
    if (text_->dictionary.uses(code) == 0) {
      verdicts_[code] = 0;
    } else if (MatchesCode(code)) {
      ++matching_codes_;
      matching_code_ = code;
    }
  }
}

bool Condition::Matches(Row row) const {
  const auto matches = [row](const Condition& child) { return child.Matches(row); };
  switch (kind_) {
    case Kind::kAll:
      return true;
    case Kind::kNone:
      return false;
    case Kind::kAnd:
      return std::all_of(children_.begin(), children_.end(), matches);
    case Kind::kOr:
      return std::any_of(children_.begin(), children_.end(), matches);
    case Kind::kNot:
      return !children_[0].Matches(row);
    case Kind::kRange:
      return range_.Contains(words_.Get(row));
    case Kind::kWords:
      return values_->HasWord(words_.Get(row));
    case Kind::kText:
      return MatchesCode(text_->codes.Get(row));
    case Kind::kId:
      return TextHolds(columns_->id(row).ToString());
    case Kind::kRow:
      return row == row_;
    case Kind::kBits:
      return bits_->Get(row);
    case Kind::kVisible:
      return columns_->exists().Get(row) && (show_deleted_ || !columns_->deleted().Get(row)) &&
             (show_logged_models_ || !columns_->logged_models().Get(row));
  }
  return false;
}

void Condition::Narrow(size_t chunk, Mask& mask) const {
  switch (kind_) {
    case Kind::kAll:
      return;
    case Kind::kNone:
      return mask.fill(0);
    case Kind::kAnd:
      for (const Condition& child : children_) {
        child.Narrow(chunk, mask);
        if (IsEmpty(mask)) return;
      }
      return;
    case Kind::kOr:
      return NarrowOr(chunk, mask);
    case Kind::kNot: {
      Mask inside = mask;
      children_[0].Narrow(chunk, inside);
      return AndNotInto(mask, inside);
    }
    case Kind::kBits: {
      const Mask* bits = bits_->Chunk(chunk);
      return bits == nullptr ? mask.fill(0) : AndInto(mask, *bits);
    }
    case Kind::kVisible: {
      const Mask* exists = columns_->exists().Chunk(chunk);
      const Mask* deleted = columns_->deleted().Chunk(chunk);
      const Mask* models = columns_->logged_models().Chunk(chunk);
      if (exists == nullptr) return mask.fill(0);
      AndInto(mask, *exists);
      if (!show_deleted_ && deleted != nullptr) AndNotInto(mask, *deleted);
      if (!show_logged_models_ && models != nullptr) AndNotInto(mask, *models);
      return;
    }
    case Kind::kRange:
      if (CountBits(mask) > kFewRows) return NarrowRange(words_.Chunk(chunk), range_, mask);
      break;
    case Kind::kText:
      if (judged_ && CountBits(mask) > kFewRows) return NarrowText(chunk, mask);
      break;
    case Kind::kWords:
    case Kind::kId:
    case Kind::kRow:
      break;
  }
  const auto first = static_cast<Row>(chunk * kChunkRows);
  const Mask candidates = mask;
  ForEachBit(candidates, [&](Row offset) {
    if (!Matches(first + offset)) mask[offset / 64] &= ~(uint64_t{1} << (offset % 64));
  });
}

void Condition::NarrowOr(size_t chunk, Mask& mask) const {
  Mask found{};
  for (const Condition& child : children_) {
    Mask rest = mask;
    AndNotInto(rest, found);
    if (IsEmpty(rest)) break;
    child.Narrow(chunk, rest);
    for (size_t i = 0; i < kMaskWords; ++i) found[i] |= rest[i];
  }
  mask = found;
}

void Condition::NarrowText(size_t chunk, Mask& mask) const {
  const CodeColumn::Chunk* codes = text_->codes.Find(chunk);
  if (codes == nullptr) {
    if (verdicts_[0] == 0) mask.fill(0);
    return;
  }
  Mask inside{};
  if (matching_codes_ == 1 && verdicts_[0] == 0) {
    if (codes->width == 1) {
      EqualCodes<uint8_t>(*codes, matching_code_, inside);
    } else if (codes->width == 2) {
      EqualCodes<uint16_t>(*codes, matching_code_, inside);
    } else {
      EqualCodes<uint32_t>(*codes, matching_code_, inside);
    }
  } else if (matching_codes_ > 0 || verdicts_[0] != 0) {
    if (codes->width == 1) {
      TableMask(codes->As<uint8_t>(), verdicts_.data(), inside);
    } else if (codes->width == 2) {
      TableMask(codes->As<uint16_t>(), verdicts_.data(), inside);
    } else {
      TableMask(codes->As<uint32_t>(), verdicts_.data(), inside);
    }
  }
  AndInto(mask, inside);
}

std::shared_ptr<const Bitmap> Condition::Evaluate(size_t row_limit, StopMeter& meter) const {
  auto bits = std::make_shared<Bitmap>(row_limit);
  Mask mask;
  for (size_t chunk = 0; chunk < ChunksFor(row_limit); ++chunk) {
    if (meter.Spend(kChunkWork)) break;
    mask.fill(~uint64_t{0});
    Narrow(chunk, mask);
    bits->SetChunk(chunk, mask);
  }
  return bits;
}

bool Condition::ComparesTexts() const {
  if (kind_ == Kind::kText) return !judged_;
  return kind_ == Kind::kId ||
         std::any_of(children_.begin(), children_.end(),
                     [](const Condition& child) { return child.ComparesTexts(); });
}

size_t Condition::Arrange(const std::vector<Row>& sample) {
  const auto hits_of = [&sample](const Condition& condition) {
    return static_cast<size_t>(std::count_if(sample.begin(), sample.end(),
                                             [&](Row row) { return condition.Matches(row); }));
  };
  if (kind_ == Kind::kAnd) {
    std::vector<std::pair<size_t, size_t>> ranks;  // hits, child
    for (size_t i = 0; i < children_.size(); ++i) {
      const bool cheap = children_[i].kind_ == Kind::kBits || children_[i].kind_ == Kind::kVisible;
      if (children_[i].kind_ == Kind::kAnd) children_[i].Arrange(sample);
      ranks.emplace_back(cheap ? 0 : 1 + hits_of(children_[i]), i);
    }
    std::sort(ranks.begin(), ranks.end());
    std::vector<Condition> arranged;
    for (const auto& [hits, i] : ranks) arranged.push_back(std::move(children_[i]));
    children_ = std::move(arranged);
  }
  return hits_of(*this);
}

}  // namespace cairn::index

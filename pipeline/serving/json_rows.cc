#include <fmt/format.h>

#include <algorithm>

#include "pipeline/serving/json_reader.h"
#include "pipeline/serving/row_pattern.h"

namespace cairn::pipeline::serving {
namespace {

// Fewest rows that room is made for at once.
constexpr size_t kRowsAtOnce = 64;

class JsonRows {
 public:
  JsonRows(const std::vector<int>& places, JsonReader& reader, FeatureRows& rows)
      : places_(places), reader_(reader), rows_(rows), seen_(reader.width) {}

  bool Read() {
    if (cursor().Take(']')) return true;
    pattern_.Begin(cursor().at());
    do {
      if (!ReadRow()) return false;
      // The first has no comma before it, and is no pattern of those that follow.
      if (reader_.instance > 0) {
        pattern_.End(cursor().at());
        ReadAlike();
      }
      pattern_.Begin(cursor().at());
    } while (cursor().Take(','));
    return cursor().Take(']') || reader_.Malformed();
  }

 private:
  // A column of the object before, by its key as it was written.
  struct Known {
    std::string_view key;
    int place = -1;
  };

  JsonCursor& cursor() { return reader_.cursor; }

  // Where the next row goes.
  double* NextRow() {
    const size_t needed = (rows_.count + 1) * reader_.width;
    if (rows_.values.size() < needed) {
      rows_.values.resize(std::max(2 * needed, needed + kRowsAtOnce * reader_.width));
    }
    return &rows_.values[needed - reader_.width];
  }

  // Rows that differ from the one before in their numbers only.
  void ReadAlike() {
    while (rows_.count < reader_.max_instances && pattern_.Read(cursor(), NextRow())) {
      ++rows_.count;
    }
  }

  bool ReadRow() {
    reader_.instance = rows_.count;
    if (rows_.count == reader_.max_instances) {
      return reader_.Refuse(TooManyInstances(reader_.max_instances));
    }
    row_ = NextRow();
    ++rows_.count;
    if (cursor().Take('{')) return ReadObject();
    if (cursor().Take('[')) return ReadArray();
    return reader_.BadToken("instance", "must be an object or an array");
  }

  bool ReadObject() {
    const size_t mark = reader_.instance + 1;
    size_t found = 0;
    size_t position = 0;
    if (!cursor().Take('}')) {
      do {
        int place = -1;
        if (!ReadKey(position++, &place)) return false;
        if (place >= 0) {
          const auto j = static_cast<size_t>(place);
          if (seen_[j] == mark) return reader_.Twice(j);
          seen_[j] = mark;
          ++found;
        }
        if (!ReadValue(place)) return false;
      } while (cursor().Take(','));
      if (!cursor().Take('}')) return reader_.Malformed();
    }
    if (reader_.instance == 0) rows_.ignored_columns = position - found;
    if (found == reader_.width) return true;
    for (size_t j = 0;; ++j) {
      if (seen_[j] == mark) continue;
      return reader_.Refuse(MissingColumn(reader_.instance, reader_.model.columns()[j]));
    }
  }

  bool ReadKey(size_t position, int* place) {
    if (position < known_.size() && cursor().TakeString(known_[position].key)) {
      *place = known_[position].place;
      return cursor().Take(':') || reader_.Malformed();
    }
    std::string_view raw;
    if (!cursor().ReadString(&raw) || !cursor().Take(':')) return reader_.Malformed();
    *place = reader_.model.ColumnOf(UnescapeJson(raw));
    if (position >= RowPattern::kMostNumbers) return true;
    if (position >= known_.size()) known_.resize(position + 1);
    known_[position] = {raw, *place};
    return true;
  }

  bool ReadArray() {
    size_t count = 0;
    const bool whole = reader_.ReadElements([&] {
      const int place = count < places_.size() ? places_[count] : -1;
      ++count;
      return ReadValue(place);
    });
    if (!whole) return false;
    return count == places_.size() ||
           reader_.Refuse(BadValue(reader_.instance, "values", std::to_string(count),
                                   fmt::format("must be {}, one for each column", places_.size())));
  }

  // The value of a column, or of none.
  bool ReadValue(int place) {
    const bool number = cursor().Peek() == JsonCursor::Kind::kNumber;
    if (place < 0 && !number) return reader_.SkipValue();
    const char* const begin = cursor().at();
    if (place < 0) {
      if (!cursor().SkipNumber()) return reader_.Malformed();
    } else if (!reader_.ReadNumber(static_cast<size_t>(place), row_ + place)) {
      return false;
    }
    pattern_.Note(place, begin, cursor().at());
    return true;
  }

  const std::vector<int>& places_;
  JsonReader& reader_;
  FeatureRows& rows_;
  double* row_ = nullptr;
  std::vector<size_t> seen_;  // by column: the last instance that had it, plus one
  std::vector<Known> known_;  // by place in the object, the first kMostNumbers
  RowPattern pattern_;
};

}  // namespace

bool ReadJsonRows(const std::vector<int>& places, JsonReader& reader, FeatureRows* rows) {
  return JsonRows(places, reader, *rows).Read();
}

}  // namespace cairn::pipeline::serving

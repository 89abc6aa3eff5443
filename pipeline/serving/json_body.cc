#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <numeric>
#include <optional>
#include <utility>

#include "lib/base/encoding.h"
#include "lib/base/errors.h"
#include "pipeline/serving/json_cursor.h"
#include "pipeline/serving/request_body.h"

namespace cairn::pipeline::serving {
namespace {

using Kind = JsonCursor::Kind;

constexpr std::string_view kForms =
    "must be a JSON object with instances, inputs, dataframe_split or dataframe_records";

// Most bodies are, and that is told fast.
bool IsAscii(const std::string& text) {
  uint64_t bits = 0;
  size_t at = 0;
  for (; at + sizeof(bits) <= text.size(); at += sizeof(bits)) {
    uint64_t word = 0;
    std::memcpy(&word, text.data() + at, sizeof(word));
    bits |= word;
  }
  for (; at < text.size(); ++at) bits |= static_cast<unsigned char>(text[at]);
  return (bits & 0x8080808080808080) == 0;
}

absl::Status BadForm(std::string_view rule) {
  return Error(absl::StatusCode::kInvalidArgument, ErrorReason::REQUEST_MALFORMED,
               fmt::format("the body {}", rule))
      .With("rule", rule);
}

// Fills rows from one text. Reading functions answer false after an error, which status() has.
class JsonBody {
 public:
  JsonBody(const std::string& body, const ServedModel& model, size_t max_instances,
           FeatureRows* rows)
      : cursor_(body),
        model_(model),
        width_(model.columns().size()),
        max_instances_(max_instances),
        rows_(*rows),
        seen_(width_) {}

  bool Read() {
    if (!cursor_.Take('{')) return cursor_.AtEnd() ? Refuse(BadForm(kForms)) : NotAnObject();
    bool any = false;
    const bool whole = ReadFields([&](std::string_view name) {
      const bool form = name == "instances" || name == "inputs" || name == "dataframe_split" ||
                        name == "dataframe_records";
      if (!form) return cursor_.SkipValue() || Malformed();
      if (any) return Refuse(BadForm("must have one of the forms only, not two"));
      any = true;
      return ReadForm(name);
    });
    if (!whole) return false;
    if (!cursor_.AtEnd()) return Malformed();
    if (!any) return Refuse(BadForm(kForms));
    return rows_.count > 0 || Refuse(NoInstances());
  }

  const absl::Status& status() const { return status_; }

 private:
  // A column of the object before, by its key as it was written: most objects of a request have
  // the same keys in the same order.
  struct Known {
    std::string_view key;
    int place = -1;
  };

  bool Refuse(absl::Status error) {
    status_ = std::move(error);
    return false;
  }
  bool Malformed() {
    return Refuse(Error(absl::StatusCode::kInvalidArgument, ErrorReason::REQUEST_MALFORMED,
                        fmt::format("the body is not valid JSON at byte {}", cursor_.offset()))
                      .With("offset", std::to_string(cursor_.offset())));
  }
  // A value of another kind, or no JSON at all.
  bool NotAnObject() { return cursor_.SkipValue() ? Refuse(BadForm(kForms)) : Malformed(); }
  bool Mistyped(std::string_view rule) {
    return cursor_.SkipValue() ? Refuse(BadForm(rule)) : Malformed();
  }

  // The fields of an object whose brace was taken. `read` takes a name and reads the value.
  template <typename ReadField>
  bool ReadFields(ReadField read) {
    if (cursor_.Take('}')) return true;
    do {
      std::string_view raw;
      if (!cursor_.ReadString(&raw) || !cursor_.Take(':')) return Malformed();
      const bool plain = raw.find('\\') == std::string_view::npos;
      if (!(plain ? read(raw) : read(std::string_view(UnescapeJson(raw))))) return false;
    } while (cursor_.Take(','));
    return cursor_.Take('}') || Malformed();
  }

  // The elements of an array whose bracket was taken.
  template <typename ReadElement>
  bool ReadElements(ReadElement read) {
    if (cursor_.Take(']')) return true;
    do {
      if (!read()) return false;
    } while (cursor_.Take(','));
    return cursor_.Take(']') || Malformed();
  }

  bool ReadForm(std::string_view name) {
    if (name == "dataframe_split") {
      return cursor_.Take('{') ? ReadSplit() : Mistyped("must have an object dataframe_split");
    }
    if (name == "inputs" && cursor_.Take('{')) return ReadColumns();
    std::vector<int> places(width_);
    std::iota(places.begin(), places.end(), 0);
    if (cursor_.Take('[')) return ReadRows(places);
    return Mistyped(fmt::format("must have an array {}", name));
  }

  // Rows one after the other: objects, or arrays in the order of `places`.
  bool ReadRows(const std::vector<int>& places) {
    return ReadElements([&] {
      instance_ = rows_.count;
      if (rows_.count == max_instances_) return Refuse(TooManyInstances(max_instances_));
      rows_.values.resize((rows_.count + 1) * width_);
      row_ = &rows_.values[rows_.count * width_];
      ++rows_.count;
      if (cursor_.Take('{')) return ReadObject();
      if (cursor_.Take('[')) return ReadArray(places);
      return BadToken("instance", "must be an object or an array");
    });
  }

  bool ReadObject() {
    size_t found = 0;
    size_t position = 0;
    if (!cursor_.Take('}')) {
      do {
        int place = -1;
        if (!ReadKey(position++, &place)) return false;
        if (place < 0) {
          if (!cursor_.SkipValue()) return Malformed();
          continue;
        }
        const auto j = static_cast<size_t>(place);
        if (seen_[j] == instance_ + 1) return Twice(j);
        seen_[j] = instance_ + 1;
        ++found;
        if (!ReadNumber(j, &row_[j])) return false;
      } while (cursor_.Take(','));
      if (!cursor_.Take('}')) return Malformed();
    }
    if (instance_ == 0) rows_.ignored_columns = position - found;
    if (found == width_) return true;
    for (size_t j = 0;; ++j) {
      if (seen_[j] != instance_ + 1) return Refuse(MissingColumn(instance_, model_.columns()[j]));
    }
  }

  bool ReadKey(size_t position, int* place) {
    if (position < known_.size() && cursor_.TakeString(known_[position].key)) {
      *place = known_[position].place;
      return cursor_.Take(':') || Malformed();
    }
    std::string_view raw;
    if (!cursor_.ReadString(&raw) || !cursor_.Take(':')) return Malformed();
    *place = model_.ColumnOf(UnescapeJson(raw));
    if (position >= known_.size()) known_.resize(position + 1);
    known_[position] = {raw, *place};
    return true;
  }

  bool ReadArray(const std::vector<int>& places) {
    size_t count = 0;
    const bool whole = ReadElements([&] {
      const int place = count < places.size() ? places[count] : -1;
      ++count;
      if (place < 0) return cursor_.SkipValue() || Malformed();
      return ReadNumber(static_cast<size_t>(place), &row_[place]);
    });
    if (!whole) return false;
    return count == places.size() ||
           Refuse(BadValue(instance_, "values", std::to_string(count),
                           fmt::format("must be {}, one for each column", places.size())));
  }

  // Column names and rows of values, in either order.
  bool ReadSplit() {
    std::vector<int> places;
    bool has_names = false;
    bool has_data = false;
    std::optional<JsonCursor> later;  // the data, where the names come behind
    const bool whole = ReadFields([&](std::string_view name) {
      if (name == "columns") {
        if (std::exchange(has_names, true)) return Refuse(BadForm("must have columns once"));
        return cursor_.Take('[') ? ReadNames(&places)
                                 : Mistyped("must have an array dataframe_split.columns");
      }
      if (name != "data") return cursor_.SkipValue() || Malformed();
      if (std::exchange(has_data, true)) return Refuse(BadForm("must have data once"));
      if (cursor_.Peek() != Kind::kArray) {
        return Mistyped("must have an array dataframe_split.data");
      }
      if (!has_names) {
        later.emplace(cursor_);
        return cursor_.SkipValue() || Malformed();
      }
      return cursor_.Take('[') && ReadRows(places);
    });
    if (!whole) return false;
    if (!has_names || !has_data) {
      return Refuse(BadForm("must have dataframe_split.columns and dataframe_split.data"));
    }
    if (!later) return true;
    const size_t behind = cursor_.offset();
    std::swap(cursor_, *later);
    if (!(cursor_.Take('[') && ReadRows(places))) return false;
    std::swap(cursor_, *later);
    return cursor_.offset() == behind;
  }

  bool ReadNames(std::vector<int>* places) {
    std::vector<bool> seen(width_);
    const bool whole = ReadElements([&] {
      std::string_view raw;
      if (!cursor_.ReadString(&raw)) return Mistyped("must have texts in dataframe_split.columns");
      places->push_back(model_.ColumnOf(UnescapeJson(raw)));
      return NoteColumn(places->back(), &seen);
    });
    return whole && CheckAll(seen);
  }

  bool NoteColumn(int place, std::vector<bool>* seen) {
    if (place < 0) {
      ++rows_.ignored_columns;
      return true;
    }
    const auto j = static_cast<size_t>(place);
    instance_ = 0;
    if ((*seen)[j]) return Twice(j);
    (*seen)[j] = true;
    return true;
  }

  bool CheckAll(const std::vector<bool>& seen) {
    for (size_t j = 0; j < seen.size(); ++j) {
      if (!seen[j]) return Refuse(MissingColumn(0, model_.columns()[j]));
    }
    return true;
  }

  // A list of values for each column.
  bool ReadColumns() {
    std::vector<bool> seen(width_);
    std::vector<double> column;
    bool first = true;
    const bool whole = ReadFields([&](std::string_view name) {
      const int place = model_.ColumnOf(name);
      if (!NoteColumn(place, &seen)) return false;
      if (place < 0) return cursor_.SkipValue() || Malformed();
      const auto j = static_cast<size_t>(place);
      if (!ReadColumn(j, &column)) return false;
      if (std::exchange(first, false)) {
        rows_.count = column.size();
        rows_.values.resize(rows_.count * width_);
      }
      if (column.size() != rows_.count) {
        return Refuse(BadValue(std::min(column.size(), rows_.count), model_.columns()[j],
                               std::to_string(column.size()),
                               fmt::format("must have {} values, as those before", rows_.count)));
      }
      for (size_t i = 0; i < column.size(); ++i) rows_.values[i * width_ + j] = column[i];
      return true;
    });
    return whole && CheckAll(seen);
  }

  bool ReadColumn(size_t j, std::vector<double>* column) {
    column->clear();
    instance_ = 0;
    if (!cursor_.Take('[')) return BadToken(model_.columns()[j], "must be an array of numbers");
    return ReadElements([&] {
      instance_ = column->size();
      if (instance_ == max_instances_) return Refuse(TooManyInstances(max_instances_));
      return ReadNumber(j, &column->emplace_back());
    });
  }

  bool ReadNumber(size_t j, double* value) {
    return cursor_.ReadNumber(value) || BadToken(model_.columns()[j], "must be a finite number");
  }

  bool BadToken(std::string_view column, std::string_view rule) {
    if (cursor_.AtEnd()) return Malformed();
    return Refuse(BadValue(instance_, column, cursor_.Token(), rule));
  }

  bool Twice(size_t j) {
    return Refuse(
        BadValue(instance_, model_.columns()[j], model_.columns()[j], "the column is there twice"));
  }

  JsonCursor cursor_;
  const ServedModel& model_;
  const size_t width_;
  const size_t max_instances_;
  FeatureRows& rows_;
  absl::Status status_;
  size_t instance_ = 0;
  double* row_ = nullptr;
  std::vector<size_t> seen_;  // by column: the last instance that had it, plus one
  std::vector<Known> known_;  // by place in the object
};

}  // namespace

absl::Status ReadJsonBody(const std::string& body, const ServedModel& model, size_t max_instances,
                          FeatureRows* rows) {
  rows->values.clear();
  rows->count = rows->ignored_columns = 0;
  if (!IsAscii(body) && !IsValidUtf8(body)) return BadForm("must be UTF-8");
  JsonBody reader(body, model, max_instances, rows);
  (void)reader.Read();
  return reader.status();
}

}  // namespace cairn::pipeline::serving

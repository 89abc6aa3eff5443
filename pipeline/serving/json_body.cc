#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <numeric>
#include <optional>
#include <utility>

#include "lib/base/encoding.h"
#include "pipeline/serving/json_reader.h"
#include "pipeline/serving/request_body.h"

namespace cairn::pipeline::serving {
namespace {

constexpr std::string_view kForms =
    "must be a JSON object with instances, inputs, dataframe_split or dataframe_records";

// Most bodies are, and that is told fast.
bool IsAscii(const std::string& text) {
  constexpr size_t kWords = 4;
  uint64_t bits[kWords] = {};
  size_t at = 0;
  for (; at + sizeof(bits) <= text.size(); at += sizeof(bits)) {
    uint64_t words[kWords];
    std::memcpy(words, text.data() + at, sizeof(words));
    for (size_t i = 0; i < kWords; ++i) bits[i] |= words[i];
  }
  for (; at < text.size(); ++at) bits[0] |= static_cast<unsigned char>(text[at]);
  return ((bits[0] | bits[1] | bits[2] | bits[3]) & 0x8080808080808080) == 0;
}

// The forms of a body, and columns and rows as each has them.
class JsonBody {
 public:
  JsonBody(const std::string& body, const ServedModel& model, size_t max_instances,
           FeatureRows* rows)
      : reader_(body, model, max_instances), rows_(*rows) {}

  bool Read() {
    if (!cursor().Take('{')) {
      return cursor().AtEnd() ? reader_.Refuse(BadForm(kForms)) : reader_.Mistyped(kForms);
    }
    bool any = false;
    const bool whole = reader_.ReadFields([&](std::string_view name) {
      const bool form = name == "instances" || name == "inputs" || name == "dataframe_split" ||
                        name == "dataframe_records";
      if (!form) return reader_.SkipValue();
      if (any) return reader_.Refuse(BadForm("must have one of the forms only, not two"));
      any = true;
      return ReadForm(name);
    });
    if (!whole) return false;
    if (!cursor().AtEnd()) return reader_.Malformed();
    if (!any) return reader_.Refuse(BadForm(kForms));
    return rows_.count > 0 || reader_.Refuse(NoInstances());
  }

  const absl::Status& status() const { return reader_.status; }

 private:
  JsonCursor& cursor() { return reader_.cursor; }

  bool ReadForm(std::string_view name) {
    if (name == "dataframe_split") {
      return cursor().Take('{') ? ReadSplit()
                                : reader_.Mistyped("must have an object dataframe_split");
    }
    if (name == "inputs" && cursor().Take('{')) return ReadColumns();
    std::vector<int> places(reader_.width);
    std::iota(places.begin(), places.end(), 0);
    if (cursor().Take('[')) return ReadJsonRows(places, reader_, &rows_);
    return reader_.Mistyped(fmt::format("must have an array {}", name));
  }

  // Column names and rows of values, in either order.
  bool ReadSplit() {
    std::vector<int> places;
    bool has_names = false;
    bool has_data = false;
    std::optional<JsonCursor> later;  // the data, where the names come behind
    const bool whole = reader_.ReadFields([&](std::string_view name) {
      if (name == "columns") {
        if (std::exchange(has_names, true))
          return reader_.Refuse(BadForm("must have columns once"));
        return cursor().Take('[') ? ReadNames(&places)
                                  : reader_.Mistyped("must have an array dataframe_split.columns");
      }
      if (name != "data") return reader_.SkipValue();
      if (std::exchange(has_data, true)) return reader_.Refuse(BadForm("must have data once"));
      if (cursor().Peek() != JsonCursor::Kind::kArray) {
        return reader_.Mistyped("must have an array dataframe_split.data");
      }
      if (!has_names) {
        later.emplace(cursor());
        return reader_.SkipValue();
      }
      return cursor().Take('[') && ReadJsonRows(places, reader_, &rows_);
    });
    if (!whole) return false;
    if (!has_names || !has_data) {
      return reader_.Refuse(BadForm("must have dataframe_split.columns and dataframe_split.data"));
    }
    if (!later) return true;
    std::swap(cursor(), *later);
    if (!(cursor().Take('[') && ReadJsonRows(places, reader_, &rows_))) return false;
    // Rows are an array, which ends where passing over it ended: reading goes on behind all that.
    std::swap(cursor(), *later);
    return true;
  }

  bool ReadNames(std::vector<int>* places) {
    std::vector<bool> seen(reader_.width);
    const bool whole = reader_.ReadElements([&] {
      std::string_view raw;
      if (!cursor().ReadString(&raw))
        return reader_.Mistyped("must have texts in dataframe_split.columns");
      places->push_back(reader_.model.ColumnOf(UnescapeJson(raw)));
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
    reader_.instance = 0;
    if ((*seen)[j]) return reader_.Twice(j);
    (*seen)[j] = true;
    return true;
  }

  bool CheckAll(const std::vector<bool>& seen) {
    for (size_t j = 0; j < seen.size(); ++j) {
      if (!seen[j]) return reader_.Refuse(MissingColumn(0, reader_.model.columns()[j]));
    }
    return true;
  }

  // A list of values for each column.
  bool ReadColumns() {
    std::vector<bool> seen(reader_.width);
    std::vector<double> column;
    bool first = true;
    const bool whole = reader_.ReadFields([&](std::string_view name) {
      const int place = reader_.model.ColumnOf(name);
      if (!NoteColumn(place, &seen)) return false;
      if (place < 0) return reader_.SkipValue();
      const auto j = static_cast<size_t>(place);
      if (!ReadColumn(j, &column)) return false;
      if (std::exchange(first, false)) {
        rows_.count = column.size();
        rows_.values.resize(rows_.count * reader_.width);
      }
      if (column.size() != rows_.count) {
        return reader_.Refuse(
            BadValue(std::min(column.size(), rows_.count), reader_.model.columns()[j],
                     std::to_string(column.size()),
                     fmt::format("must have {} values, as those before", rows_.count)));
      }
      for (size_t i = 0; i < column.size(); ++i) rows_.values[i * reader_.width + j] = column[i];
      return true;
    });
    return whole && CheckAll(seen);
  }

  bool ReadColumn(size_t j, std::vector<double>* column) {
    column->clear();
    reader_.instance = 0;
    if (!cursor().Take('['))
      return reader_.BadToken(reader_.model.columns()[j], "must be an array of numbers");
    return reader_.ReadElements([&] {
      reader_.instance = column->size();
      if (reader_.instance == reader_.max_instances)
        return reader_.Refuse(TooManyInstances(reader_.max_instances));
      return reader_.ReadNumber(j, &column->emplace_back());
    });
  }

  JsonReader reader_;
  FeatureRows& rows_;
};

}  // namespace

absl::Status ReadJsonBody(const std::string& body, const ServedModel& model, size_t max_instances,
                          FeatureRows* rows) {
  rows->count = rows->ignored_columns = 0;
  if (!IsAscii(body) && !IsValidUtf8(body)) return BadForm("must be UTF-8");
  JsonBody reader(body, model, max_instances, rows);
  // What the rows before them left is written over, not cleared.
  if (reader.Read()) rows->values.resize(rows->count * model.columns().size());
  return reader.status();
}

}  // namespace cairn::pipeline::serving

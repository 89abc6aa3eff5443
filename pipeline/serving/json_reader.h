#ifndef CAIRN_PIPELINE_SERVING_JSON_READER_H_
#define CAIRN_PIPELINE_SERVING_JSON_READER_H_

// Internal to pipeline/serving: what json_body.cc and json_rows.cc share. Include request_body.h.

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "pipeline/serving/json_cursor.h"
#include "pipeline/serving/request_body.h"
#include "pipeline/serving/served_model.h"

namespace cairn::pipeline::serving {

// One body while it is read: where the cursor is, which instance that is, and what is wrong.
//
// Functions that read answer false after an error, which `status` has then; those that only word
// an error always answer false, so that `return Refuse(…)` ends the reading. Of one thread.
struct JsonReader {
  JsonReader(const std::string& body, const ServedModel& served, size_t most)
      : cursor(body), model(served), width(served.columns().size()), max_instances(most) {}

  bool Refuse(absl::Status error) {
    status = std::move(error);
    return false;
  }
  // No JSON, at the byte where the cursor is.
  bool Malformed();
  // The value that stands here is of another kind than `rule` says, or no JSON at all.
  bool Mistyped(std::string_view rule);
  // The token that stands here is not what `column` of the present instance takes.
  bool BadToken(std::string_view column, std::string_view rule);
  // Column number `j` of the model is there twice.
  bool Twice(size_t j);

  // A value of column number `j`.
  bool ReadNumber(size_t j, double* value) {
    return cursor.ReadNumber(value) || BadToken(model.columns()[j], "must be a finite number");
  }
  bool SkipValue() { return cursor.SkipValue() || Malformed(); }

  // The fields of an object whose brace was taken. `read` takes a name and reads the value.
  template <typename ReadField>
  bool ReadFields(ReadField read);

  // The elements of an array whose bracket was taken.
  template <typename ReadElement>
  bool ReadElements(ReadElement read);

  JsonCursor cursor;
  const ServedModel& model;
  const size_t width;  // columns of the model
  const size_t max_instances;
  size_t instance = 0;  // for messages
  absl::Status status;
};

// The body is none of the forms that request_body.h names.
absl::Status BadForm(std::string_view rule);

// Reads the rows of an array whose bracket was taken: objects, or arrays whose value number i
// belongs to the column places[i], which is -1 for a column that the model does not have.
bool ReadJsonRows(const std::vector<int>& places, JsonReader& reader, FeatureRows* rows);

template <typename ReadField>
bool JsonReader::ReadFields(ReadField read) {
  if (cursor.Take('}')) return true;
  do {
    std::string_view raw;
    if (!cursor.ReadString(&raw) || !cursor.Take(':')) return Malformed();
    const bool plain = raw.find('\\') == std::string_view::npos;
    if (!(plain ? read(raw) : read(std::string_view(UnescapeJson(raw))))) return false;
  } while (cursor.Take(','));
  return cursor.Take('}') || Malformed();
}

template <typename ReadElement>
bool JsonReader::ReadElements(ReadElement read) {
  if (cursor.Take(']')) return true;
  do {
    if (!read()) return false;
  } while (cursor.Take(','));
  return cursor.Take(']') || Malformed();
}

}  // namespace cairn::pipeline::serving

#endif  // CAIRN_PIPELINE_SERVING_JSON_READER_H_

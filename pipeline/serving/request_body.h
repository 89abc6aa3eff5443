#ifndef CAIRN_PIPELINE_SERVING_REQUEST_BODY_H_
#define CAIRN_PIPELINE_SERVING_REQUEST_BODY_H_

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "pipeline/serving/served_model.h"

namespace cairn::pipeline::serving {

// From the body of a request to rows of numbers in the order of a model's columns.
//
// JSON is an object with one of these, and others beside it are not looked at:
//
//   {"instances": [{"Hour": 9, …}, …]}                       or rows of arrays in the model's order
//   {"dataframe_records": [{"Hour": 9, …}, …]}
//   {"dataframe_split": {"columns": ["Hour", …], "data": [[9, …], …]}}
//   {"inputs": {"Hour": [9, …], …}}                          or rows, as `instances`
//
// CSV is a header with the names of columns, and a row of numbers for each instance.
//
// Columns stand in any order. Those that the model does not have are left out and counted,
// whatever they hold that is JSON, numbers of any size too. Every column of the model has to be
// there once, with a finite number: not a text, not true, not null. One bad value refuses the whole
// request.

// The rows of one request. Kept by a thread and filled again, so that a request makes no memory.
struct FeatureRows {
  std::vector<double> values;  // row-major
  size_t count = 0;            // of rows
  size_t ignored_columns = 0;  // names that the model does not have
};

// Reads JSON. INVALID_ARGUMENT, of which all but the first two name `instance` (from 0), and
// `column`, `value` and `rule` where there are such:
//   REQUEST_MALFORMED  not JSON, not UTF-8, or not exactly one of the four forms
//   TOO_LARGE          more instances than `max_instances`
//   COLUMN_MISSING     a column of the model is not there
//   VALUE_INVALID      a value is no finite number, a column is there twice, rows differ in
//                      length, or there are none
// After an error `rows` holds nothing of use. Whatever `body` holds, nothing beyond it is read.
absl::Status ReadJsonBody(const std::string& body, const ServedModel& model, size_t max_instances,
                          FeatureRows* rows);

// Reads CSV: separated by commas, ends of lines LF or CR LF, fields in double quotes where they
// like. The same errors; DATA_MALFORMED for quotes that do not end.
absl::Status ReadCsvBody(std::string_view body, const ServedModel& model, size_t max_instances,
                         FeatureRows* rows);

// Errors that both give.
absl::Status TooManyInstances(size_t max_instances);
absl::Status NoInstances();
absl::Status MissingColumn(size_t instance, const std::string& column);
absl::Status BadValue(size_t instance, std::string_view column, std::string_view value,
                      std::string_view rule);

}  // namespace cairn::pipeline::serving

#endif  // CAIRN_PIPELINE_SERVING_REQUEST_BODY_H_

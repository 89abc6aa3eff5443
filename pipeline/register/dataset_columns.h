#ifndef CAIRN_PIPELINE_REGISTER_DATASET_COLUMNS_H_
#define CAIRN_PIPELINE_REGISTER_DATASET_COLUMNS_H_

#include "absl/status/status.h"
#include "cairn/v1/datasets.pb.h"
#include "pipeline/stages/publisher.h"

namespace cairn::pipeline {

// Sets row count and columns of a data set version, with the statistics of every column: count,
// missing and different values, and of numbers the least, the greatest, mean, deviation, quantiles
// and a histogram, as `mlctl put dataset` counts them (lib/tables). Reads the whole draft.
//
// The type of a column is the draft's, unless the values are of another kind, as customers that
// are texts are; a text stays one though all of its values are digits. An input that is no table
// separated by commas (a workbook, another separator) is described by the rows that were read from
// it, under the usual names of their columns: its row count leaves out those that could not be
// read, as the statistics do. The errors are those of making the draft's content. Thread-safe.
absl::Status DescribeTable(const DatasetDraft& draft, cairn::v1::DatasetVersion* version);

}  // namespace cairn::pipeline

#endif  // CAIRN_PIPELINE_REGISTER_DATASET_COLUMNS_H_

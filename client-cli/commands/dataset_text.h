#ifndef CAIRN_CLIENT_CLI_COMMANDS_DATASET_TEXT_H_
#define CAIRN_CLIENT_CLI_COMMANDS_DATASET_TEXT_H_

#include <cstddef>
#include <string>

#include "cairn/v1/datasets.pb.h"
#include "client-cli/cli/table.h"

namespace cairn::cli {

// Data sets as text for people. All functions are pure; `unicode` chooses between blocks
// and ASCII (sparkline.h).

// The first `limit` columns of a version: name, type, missing and different values, the
// least, mean and greatest one, and the shape of the histogram; of texts the most frequent
// one instead. What is not known is empty. Timestamps are RFC 3339.
Table ColumnTable(const v1::DatasetVersion& version, size_t limit, bool unicode);

// A histogram as one line of characters; empty without one.
std::string HistogramShape(const v1::NumberStatistics& numbers, bool unicode);

// What became of files, columns and rows, a line each: `+` added, `-` removed, `~`
// changed. Of a changed column it says what of it changed, and how far the distribution
// moved: the population stability index, below 0.1 "small", above 0.25 "large".
std::string DiffText(const v1::DatasetDiff& diff);

// A data set's retention rule in words: "keep the newest 3 and those younger than 90 days",
// "keep all versions".
std::string RetentionText(const v1::Dataset& dataset);

}  // namespace cairn::cli

#endif  // CAIRN_CLIENT_CLI_COMMANDS_DATASET_TEXT_H_

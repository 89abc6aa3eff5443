#ifndef CAIRN_PIPELINE_COMMANDS_FEATURE_SOURCE_H_
#define CAIRN_PIPELINE_COMMANDS_FEATURE_SOURCE_H_

#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "lib/client/client.h"
#include "pipeline/data/features.h"
#include "pipeline/stages/config.h"

namespace cairn::pipeline {

// Customers' features, and where they are from.
struct NamedFeatures {
  std::string name;             // The file, or the version's resource name.
  std::string dataset_version;  // Empty for a file.
  FeatureMatrix features;
};

struct FeatureSourceOptions {
  client::Client* client;        // Null without a server.
  const PipelineConfig* config;  // How transactions are written, cleaned and made features of.
};

// Reads what --`field` names: a file (which goes first), a data set version `NAME@3`,
// `NAME@ALIAS` or `NAME@latest`, or the request log of what serves at `http://HOST:PORT`. A table
// whose first column is CustomerID and that has a column Total_Spend is features; a file of
// `serve --log-file` is the inputs of its predictions, with FILE.1 before it; anything else is
// transactions, cleaned and made features of. What it was taken for is said.
//
// NOT_FOUND (FILE_ERROR): neither a file, nor is there a server to ask; INVALID_ARGUMENT
// (NAME_INVALID): no name of a version. Errors of loading, cleaning and of the server.
absl::StatusOr<NamedFeatures> ReadFeatureSource(std::string_view field, const std::string& source,
                                                const FeatureSourceOptions& options);

}  // namespace cairn::pipeline

#endif  // CAIRN_PIPELINE_COMMANDS_FEATURE_SOURCE_H_

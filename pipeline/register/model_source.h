#ifndef CAIRN_PIPELINE_REGISTER_MODEL_SOURCE_H_
#define CAIRN_PIPELINE_REGISTER_MODEL_SOURCE_H_

#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "lib/client/client.h"

namespace cairn::pipeline {

// Where a model comes from when customers are assigned to segments.

// A model's bytes and what they are.
struct FetchedModel {
  std::string bytes;    // Of model.cairnseg, verified against their digest.
  std::string version;  // Resource name of the model version.
  std::string sha256;   // Of the bytes.
};

// Fetches a model from a server by name:
//   customer-segments                 the head of the channel `production`
//   customer-segments#staging         the head of another channel
//   customer-segments@3, @latest      a version by number, or the newest
//   customer-segments@champion        a version by alias
//
// - INVALID_ARGUMENT (NAME_INVALID): the reference has none of these forms.
// - NOT_FOUND: of the server; and CHANNEL_NOT_FOUND for a channel without a head.
// - NOT_FOUND (ARTIFACT_NOT_FOUND): the version has no model.cairnseg.
// - DATA_LOSS (BLOB_CORRUPT): what arrived does not have its digest.
absl::StatusOr<FetchedModel> FetchModel(client::Client& client, std::string_view reference);

}  // namespace cairn::pipeline

#endif  // CAIRN_PIPELINE_REGISTER_MODEL_SOURCE_H_

#ifndef CAIRN_PIPELINE_REGISTER_CHAMPION_H_
#define CAIRN_PIPELINE_REGISTER_CHAMPION_H_

#include <optional>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "lib/client/client.h"
#include "pipeline/stages/publisher.h"

namespace cairn::pipeline {

// The model that a new one is trained to follow.

// The channel whose head is the champion.
inline constexpr std::string_view kProductionChannel = "production";

// Fetches the head of the channel `production` of `model` with the labels of its run, every byte
// verified. Nothing when the model, the channel or its head is not there, or when the head is no
// segmentation model. A champion that came from the sweep `sweep_key` is passed over for the one
// that it followed; an empty key passes over nothing. Other errors are the server's; DATA_LOSS
// (BLOB_CORRUPT) for bytes without their digest.
absl::StatusOr<std::optional<Champion>> FetchChampion(client::Client& client,
                                                      std::string_view model,
                                                      std::string_view sweep_key);

// The champion of a pipeline that works without a server: the results of an earlier run in
// `directory`, its model.cairnseg and labels.csv. NOT_FOUND (FILE_ERROR) names the file that is not
// there.
absl::StatusOr<Champion> ReadChampion(const std::string& directory);

}  // namespace cairn::pipeline

#endif  // CAIRN_PIPELINE_REGISTER_CHAMPION_H_

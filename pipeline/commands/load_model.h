#ifndef CAIRN_PIPELINE_COMMANDS_LOAD_MODEL_H_
#define CAIRN_PIPELINE_COMMANDS_LOAD_MODEL_H_

#include <string>

#include "absl/status/statusor.h"
#include "lib/model/predictor.h"
#include "pipeline/commands/server_flags.h"

namespace cairn::pipeline {

// Reads the model `name`: a file, or else a reference as FetchModel takes it, from the server.
// Checks it, and notes which one it is. NOT_FOUND (FILE_ERROR) for what is no file where there is
// no server; else errors are those of ParseModel, FetchModel and of connecting.
absl::StatusOr<model::Predictor> LoadModel(const std::string& name, const ServerFlags& server);

}  // namespace cairn::pipeline

#endif  // CAIRN_PIPELINE_COMMANDS_LOAD_MODEL_H_

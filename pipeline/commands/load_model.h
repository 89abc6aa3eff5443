#ifndef CAIRN_PIPELINE_COMMANDS_LOAD_MODEL_H_
#define CAIRN_PIPELINE_COMMANDS_LOAD_MODEL_H_

#include <string>

#include "absl/status/statusor.h"
#include "lib/client/client_tls.h"
#include "lib/model/predictor.h"

namespace cairn::pipeline {

// Where commands that take a model find it, as their flags say (flag_table.h).
struct ModelPlace {
  std::string model;       // A file, or else a reference as FetchModel takes it.
  std::string server;      // HOST:PORT; needed for what is no file.
  std::string token_file;  // Empty for none.
  client::ClientTlsFiles tls;
};

// Reads the model, or fetches it from the server, checks it, and notes which one it is. A file of
// the name comes before a model on the server. NOT_FOUND (FILE_ERROR) for what is no file where
// there is no server; else errors are those of ParseModel, FetchModel and of connecting.
absl::StatusOr<model::Predictor> LoadModel(const ModelPlace& place);

}  // namespace cairn::pipeline

#endif  // CAIRN_PIPELINE_COMMANDS_LOAD_MODEL_H_

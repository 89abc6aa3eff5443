#include "pipeline/commands/load_model.h"

#include <fmt/format.h>

#include <utility>

#include "lib/base/errors.h"
#include "lib/base/files.h"
#include "lib/base/status_macros.h"
#include "lib/client/client.h"
#include "lib/model/model_file.h"
#include "pipeline/commands/local_files.h"
#include "pipeline/commands/note.h"
#include "pipeline/commands/server_flags.h"
#include "pipeline/register/model_source.h"

namespace cairn::pipeline {
absl::StatusOr<model::Predictor> LoadModel(const std::string& name, const ServerFlags& server) {
  if (IsRegularFile(name)) {
    CAIRN_ASSIGN_OR_RETURN(const std::string bytes, ReadFile(name, model::kMaxModelFileBytes));
    Note("model: {}\n", name);
    return model::Predictor::FromFile(bytes);
  }
  if (server.address.empty()) {
    return Error(
               absl::StatusCode::kNotFound, ErrorReason::FILE_ERROR,
               fmt::format("{} is no file; to fetch a model by name, say --server HOST:PORT", name))
        .With("path", name)
        .ToStatus();
  }
  CAIRN_ASSIGN_OR_RETURN(const auto client, ConnectClient(server));
  CAIRN_ASSIGN_OR_RETURN(const FetchedModel fetched, FetchModel(*client, name));
  Note("model: {} (sha256 {})\n", fetched.version, fetched.sha256);
  return model::Predictor::FromFile(fetched.bytes);
}

}  // namespace cairn::pipeline

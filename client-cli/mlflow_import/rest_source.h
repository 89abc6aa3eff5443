#ifndef CAIRN_CLIENT_CLI_MLFLOW_IMPORT_REST_SOURCE_H_
#define CAIRN_CLIENT_CLI_MLFLOW_IMPORT_REST_SOURCE_H_

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "client-cli/mlflow_import/json_entities.h"
#include "client-cli/mlflow_import/source.h"
#include "lib/http/http_connection.h"

namespace cairn::mlflow_import {

// Who asks, as MLflow's own client says it: a token (Bearer), or a name and a password (Basic);
// nothing of it is fine too.
struct RestCredentials {
  std::string token;
  std::string user;
  std::string password;
};

// Where a server of MLflow is: `http://HOST:PORT/PREFIX`, taken apart.
struct RestAddress {
  http::HostPort server;
  std::string prefix;  // "" or "/…" without a slash at the end
};

// INVALID_ARGUMENT: TLS_NOT_SPOKEN for https://, which says what to do instead, VALUE_INVALID for
// anything else that is no such address, a name or password in it included. Pure.
absl::StatusOr<RestAddress> ParseRestAddress(std::string_view text);

// A running server of MLflow, 2 or 3, over its REST API. One connection, which is kept; only reads.
// Redirections are errors. 429, 502, 503 and 504 and broken connections are tried again, six times
// with growing waits. Answers are bounded to 256 MiB, but for files, which are not held.
class RestSource final : public MlflowSource {
 public:
  RestSource(std::string name, RestAddress address, const RestCredentials& credentials);

  const std::string& name() const override { return name_; }
  absl::StatusOr<std::vector<SourceExperiment>> Experiments() override;
  absl::Status ForEachRun(const SourceExperiment& experiment,
                          const std::function<absl::Status(SourceRun)>& on_run) override;
  absl::Status ReadHistory(
      const std::string& run_id, const std::string& key,
      const std::function<absl::Status(const std::vector<Point>&)>& on_part) override;
  absl::Status ForEachModel(const SourceExperiment& experiment,
                            const std::function<absl::Status(SourceModel)>& on_model) override;
  absl::StatusOr<SourceModel> GetModel(const std::string& model_id) override;
  absl::StatusOr<SourceFiles> Files(const ArtifactPlace& place) override;
  absl::Status ReadFile(const ArtifactPlace& place, const std::string& path,
                        const std::function<absl::Status(std::string_view)>& sink) override;
  absl::StatusOr<std::vector<RegisteredModel>> RegisteredModels() override;
  absl::StatusOr<std::vector<SourceVersion>> Versions(const std::string& model) override;

 private:
  using Query = std::vector<std::pair<std::string, std::string>>;
  using OnPage = std::function<absl::Status(const Json&)>;

  http::ClientRequest Get(std::string_view path, const Query& query) const;
  http::ClientRequest Post(std::string_view path, const Json& body) const;
  // The answer of status 200; any other is an error. A body that a `sink` takes is not repeated
  // once it has begun.
  absl::StatusOr<http::Response> Asked(const http::ClientRequest& request,
                                       const http::BodySink* sink = nullptr);
  absl::StatusOr<Json> AskedObject(const http::ClientRequest& request);
  absl::Status ForEachPage(std::string_view path, const Query& query, const OnPage& on_page);
  absl::Status ForEachPosted(std::string_view path, Json body, const OnPage& on_page);
  // The pages behind each other; the request for one is made from the token before it, "" at first.
  using RequestOfPage = std::function<http::ClientRequest(const std::string& token)>;
  absl::Status ForEachAnswer(const RequestOfPage& request, const OnPage& on_page);
  absl::Status AddInputModels(SourceRun& run);
  absl::Status ListInto(const ArtifactPlace& place, const std::string& directory, int depth,
                        SourceFiles& files);

  const std::string name_;
  const RestAddress address_;
  std::string authorization_;
  http::HttpConnection connection_;
  bool has_models_ = false;  // logged models, so that runs may have read some
};

}  // namespace cairn::mlflow_import

#endif  // CAIRN_CLIENT_CLI_MLFLOW_IMPORT_REST_SOURCE_H_

#include "client-cli/mlflow_import/rest_source.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <thread>
#include <utility>

#include "absl/strings/escaping.h"
#include "client-cli/mlflow_import/limits.h"
#include "fmt/format.h"
#include "lib/base/artifact_path.h"
#include "lib/base/encoding.h"
#include "lib/base/errors.h"
#include "lib/base/status_macros.h"
#include "lib/http/http_client.h"

namespace cairn::mlflow_import {
namespace {

constexpr std::string_view kApi = "/api/2.0/mlflow";
constexpr std::string_view kAjaxApi = "/ajax-api/2.0/mlflow";
constexpr size_t kMostAnswer = size_t{256} << 20;
constexpr int kAttempts = 7;
constexpr int kFirstWaitMillis = 250;
constexpr size_t kToldOfAnswer = 200;
constexpr int kOk = 200;
constexpr int kBadRequest = 400;
constexpr int kNotFoundStatus = 404;

bool MayPass(int status) {
  return status == 429 || status == 502 || status == 503 || status == 504;
}

bool MayPass(const absl::Status& status) {
  return absl::IsUnavailable(status) || absl::IsDeadlineExceeded(status);
}

absl::StatusCode CodeOf(int status) {
  if (status == 401) return absl::StatusCode::kUnauthenticated;
  if (status == 403) return absl::StatusCode::kPermissionDenied;
  if (status == kNotFoundStatus) return absl::StatusCode::kNotFound;
  if (MayPass(status)) return absl::StatusCode::kUnavailable;
  if (status >= 300 && status < kBadRequest) return absl::StatusCode::kInvalidArgument;
  return status < 500 ? absl::StatusCode::kInvalidArgument : absl::StatusCode::kInternal;
}

// An answer that is none of what was asked for, in the words of the server.
absl::Status RefusalOf(const std::string& name, const http::ClientRequest& request,
                       const http::Response& answer) {
  std::string said = answer.body;
  if (const auto error = ParseObject("error", answer.body); error.ok()) {
    said = TextOf(*error, "message");
  }
  if (answer.status >= 300 && answer.status < kBadRequest) {
    said = "a redirection, which is not followed; name the address that it leads to";
  }
  const std::string path = request.target.substr(0, request.target.find('?'));
  return {CodeOf(answer.status),
          fmt::format("{} answers {} to {} {}: {}", name, answer.status, request.method, path,
                      EscapeControlCharacters(Shortened(said, kToldOfAnswer)))};
}

std::string AuthorizationOf(const RestCredentials& credentials) {
  if (!credentials.token.empty()) return "Bearer " + credentials.token;
  if (credentials.user.empty()) return "";
  return "Basic " + absl::Base64Escape(credentials.user + ":" + credentials.password);
}

}  // namespace

absl::StatusOr<RestAddress> ParseRestAddress(std::string_view text) {
  constexpr std::string_view kScheme = "http://";
  if (text.starts_with("https://")) {
    return InvalidField(ErrorReason::TLS_NOT_SPOKEN, "SOURCE", text,
                        "must be http://: this reads no TLS; lead a port of this machine there, as "
                        "with `ssh -L 5000:127.0.0.1:5000 HOST`, and name http://127.0.0.1:5000")
        .ToStatus();
  }
  const std::string_view rest = text.substr(text.starts_with(kScheme) ? kScheme.size() : 0);
  const size_t slash = std::min(rest.find('/'), rest.size());
  RestAddress address;
  std::string host(rest.substr(0, slash));
  // Without a port it is that of HTTP.
  const size_t bracket = host.rfind(']');
  if (host.find(':', bracket == host.npos ? 0 : bracket) == host.npos && !host.empty()) {
    host += ":80";
  }
  CAIRN_ASSIGN_OR_RETURN(address.server, http::ParseHttpAddress("SOURCE", host));
  address.prefix = rest.substr(slash);
  while (address.prefix.ends_with('/')) address.prefix.pop_back();
  const bool plain = std::all_of(address.prefix.begin(), address.prefix.end(), [](char c) {
    return c > ' ' && c <= '~' && c != '?' && c != '#';
  });
  if (plain) return address;
  return InvalidField(ErrorReason::VALUE_INVALID, "SOURCE", text, "must be http://HOST:PORT/PREFIX")
      .ToStatus();
}

RestSource::RestSource(std::string name, RestAddress address, const RestCredentials& credentials)
    : name_(std::move(name)),
      address_(std::move(address)),
      authorization_(AuthorizationOf(credentials)),
      connection_(address_.server, {.max_body_bytes = kMostAnswer}) {}

http::ClientRequest RestSource::Get(std::string_view path, const Query& query) const {
  http::ClientRequest request;
  request.target = address_.prefix + std::string(path);
  char sign = '?';
  for (const auto& [name, value] : query) {
    request.target += sign + name + "=" + PercentEncode(value);
    sign = '&';
  }
  request.headers.push_back({"User-Agent", "mlctl"});
  if (!authorization_.empty()) request.headers.push_back({"Authorization", authorization_});
  return request;
}

http::ClientRequest RestSource::Post(std::string_view path, const Json& body) const {
  http::ClientRequest request = Get(path, {});
  request.method = "POST";
  request.headers.push_back({"Content-Type", "application/json"});
  request.body = body.dump(-1, ' ', false, Json::error_handler_t::replace);
  return request;
}

absl::StatusOr<http::Response> RestSource::Asked(const http::ClientRequest& request,
                                                 const http::BodySink* sink) {
  bool began = false;
  const http::BodySink counted = [&](std::string_view bytes) {
    began = true;
    return (*sink)(bytes);
  };
  for (int attempt = 1;; ++attempt) {
    auto answer = sink == nullptr ? connection_.Ask(request) : connection_.Fetch(request, counted);
    if (answer.ok() && answer->status == kOk) return answer;
    const bool again =
        !began && attempt < kAttempts &&
        (answer.ok() ? MayPass(answer->status) : attempt < 3 && MayPass(answer.status()));
    if (!again) {
      if (!answer.ok()) return answer.status();
      return RefusalOf(name_, request, *answer);
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(kFirstWaitMillis << (attempt - 1)));
  }
}

absl::StatusOr<Json> RestSource::AskedObject(const http::ClientRequest& request) {
  CAIRN_ASSIGN_OR_RETURN(const http::Response answer, Asked(request));
  const std::string path = request.target.substr(0, request.target.find('?'));
  return ParseObject(fmt::format("the answer of {} to {}", name_, path), answer.body);
}

absl::Status RestSource::ForEachPage(std::string_view path, const Query& query,
                                     const OnPage& on_page) {
  return ForEachAnswer(
      [&](const std::string& token) {
        Query asked = query;
        if (!token.empty()) asked.emplace_back("page_token", token);
        return Get(path, asked);
      },
      on_page);
}

absl::Status RestSource::ForEachPosted(std::string_view path, Json body, const OnPage& on_page) {
  return ForEachAnswer(
      [&](const std::string& token) {
        if (!token.empty()) body["page_token"] = token;
        return Post(path, body);
      },
      on_page);
}

absl::Status RestSource::ForEachAnswer(const RequestOfPage& request, const OnPage& on_page) {
  std::string token;
  while (true) {
    CAIRN_ASSIGN_OR_RETURN(const Json page, AskedObject(request(token)));
    CAIRN_RETURN_IF_ERROR(on_page(page));
    std::string next = TextOf(page, "next_page_token");
    if (next.empty() || next == token) return absl::OkStatus();
    token = std::move(next);
  }
}

absl::StatusOr<std::vector<SourceExperiment>> RestSource::Experiments() {
  std::vector<SourceExperiment> experiments;
  CAIRN_RETURN_IF_ERROR(ForEachPage(
      fmt::format("{}/experiments/search", kApi),
      {{"max_results", "1000"}, {"view_type", "ALL"}, {"order_by", "experiment_id ASC"}},
      [&](const Json& page) {
        for (const Json& item : ItemsOf(page, "experiments")) {
          experiments.push_back(ExperimentOf(item));
        }
        return absl::OkStatus();
      }));
  for (size_t i = 0; i < experiments.size() && !has_models_; ++i) {
    const absl::Status looked = ForEachModel(experiments[i], [this](const SourceModel&) {
      has_models_ = true;
      return absl::CancelledError();
    });
    if (!looked.ok() && !has_models_) return looked;
  }
  return experiments;
}

// Which models a run read is told of single runs only.
absl::Status RestSource::AddInputModels(SourceRun& run) {
  CAIRN_ASSIGN_OR_RETURN(const Json answer,
                         AskedObject(Get(fmt::format("{}/runs/get", kApi), {{"run_id", run.id}})));
  run.input_tags = RunOf(ObjectOf(answer, "run")).input_tags;
  return absl::OkStatus();
}

absl::Status RestSource::ForEachRun(const SourceExperiment& experiment,
                                    const std::function<absl::Status(SourceRun)>& on_run) {
  const Json body = {{"experiment_ids", {experiment.id}},
                     {"run_view_type", "ALL"},
                     {"max_results", 500},
                     {"order_by", {"attributes.start_time ASC"}}};
  return ForEachPosted(fmt::format("{}/runs/search", kApi), body, [&](const Json& page) {
    for (const Json& item : ItemsOf(page, "runs")) {
      SourceRun run = RunOf(item);
      if (has_models_) CAIRN_RETURN_IF_ERROR(AddInputModels(run));
      CAIRN_RETURN_IF_ERROR(on_run(std::move(run)));
    }
    return absl::OkStatus();
  });
}

absl::Status RestSource::ReadHistory(
    const std::string& run_id, const std::string& key,
    const std::function<absl::Status(const std::vector<Point>&)>& on_part) {
  return ForEachPage(fmt::format("{}/metrics/get-history", kApi),
                     {{"run_id", run_id}, {"metric_key", key}, {"max_results", "25000"}},
                     [&](const Json& page) {
                       std::vector<Point> points;
                       for (const Json& item : ItemsOf(page, "metrics")) {
                         points.push_back(PointOf(item));
                       }
                       return on_part(points);
                     });
}

absl::Status RestSource::ForEachModel(const SourceExperiment& experiment,
                                      const std::function<absl::Status(SourceModel)>& on_model) {
  const Json body = {{"experiment_ids", {experiment.id}}, {"max_results", 100}};
  const absl::Status status =
      ForEachPosted(fmt::format("{}/logged-models/search", kApi), body, [&](const Json& page) {
        for (const Json& item : ItemsOf(page, "models")) {
          CAIRN_RETURN_IF_ERROR(on_model(LoggedModelOf(item)));
        }
        return absl::OkStatus();
      });
  // Servers of MLflow 2 know of no logged models.
  return absl::IsNotFound(status) ? absl::OkStatus() : status;
}

absl::StatusOr<SourceModel> RestSource::GetModel(const std::string& model_id) {
  CAIRN_ASSIGN_OR_RETURN(
      const Json answer,
      AskedObject(Get(fmt::format("{}/logged-models/{}", kApi, PercentEncode(model_id)), {})));
  return LoggedModelOf(ObjectOf(answer, "model"));
}

absl::StatusOr<SourceFiles> RestSource::Files(const ArtifactPlace& place) {
  SourceFiles files;
  CAIRN_RETURN_IF_ERROR(ListInto(place, "", 0, files));
  std::sort(files.files.begin(), files.files.end(),
            [](const SourceFile& a, const SourceFile& b) { return a.path < b.path; });
  return files;
}

// A listing is what somebody else says: a name that leads out of its directory, or back into one
// that was listed, is never asked for.
absl::Status RestSource::ListInto(const ArtifactPlace& place, const std::string& directory,
                                  int depth, SourceFiles& files) {
  Query query = {{place.of_model ? "artifact_directory_path" : "path", directory}};
  if (directory.empty()) query.clear();
  std::string path = fmt::format("{}/artifacts/list", kApi);
  if (place.of_model) {
    path = fmt::format("{}/logged-models/{}/artifacts/directories", kApi, PercentEncode(place.id));
  } else {
    query.emplace_back("run_id", place.id);
  }
  const std::string within = directory.empty() ? "" : directory + "/";
  std::vector<std::string> directories;
  CAIRN_RETURN_IF_ERROR(ForEachPage(path, query, [&](const Json& page) -> absl::Status {
    for (const Json& item : ItemsOf(page, "files")) {
      std::string name = TextOf(item, "path");
      if (name == directory) continue;  // a file, that some servers list as itself
      absl::Status fine = CheckArtifactPath("path", name);
      if (fine.ok() && (!name.starts_with(within) || depth >= kMaxArtifactPathSegments)) {
        fine = absl::InvalidArgumentError("it is not below its directory");
      }
      if (!fine.ok()) {
        files.refused.emplace_back(name, std::string(fine.message()));
      } else if (FlagOf(item, "is_dir")) {
        directories.push_back(std::move(name));
      } else {
        files.files.push_back({std::move(name), IntOf(item, "file_size").value_or(-1)});
      }
      if (files.files.size() + files.refused.size() + directories.size() > kMostFiles) {
        return absl::OutOfRangeError(fmt::format("more than {} artifacts", kMostFiles));
      }
    }
    return absl::OkStatus();
  }));
  for (const std::string& below : directories) {
    CAIRN_RETURN_IF_ERROR(ListInto(place, below, depth + 1, files));
  }
  return absl::OkStatus();
}

absl::Status RestSource::ReadFile(const ArtifactPlace& place, const std::string& path,
                                  const std::function<absl::Status(std::string_view)>& sink) {
  const http::ClientRequest request =
      place.of_model ? Get(fmt::format("{}/logged-models/{}/artifacts/files", kAjaxApi,
                                       PercentEncode(place.id)),
                           {{"artifact_file_path", path}})
                     : Get("/get-artifact", {{"run_id", place.id}, {"path", path}});
  return Asked(request, &sink).status();
}

absl::StatusOr<std::vector<RegisteredModel>> RestSource::RegisteredModels() {
  std::vector<RegisteredModel> models;
  // Without this filter prompts would not be found, and nobody would learn that they stayed.
  for (const char* filter : {"", "tags.`mlflow.prompt.is_prompt` = 'true'"}) {
    const absl::Status status = ForEachPage(
        fmt::format("{}/registered-models/search", kApi),
        {{"max_results", "1000"}, {"order_by", "name ASC"}, {"filter", filter}},
        [&](const Json& page) {
          for (const Json& item : ItemsOf(page, "registered_models")) {
            RegisteredModel model = RegisteredModelOf(item);
            const bool known = std::any_of(models.begin(), models.end(), [&](const auto& other) {
              return other.name == model.name;
            });
            if (!known) models.push_back(std::move(model));
          }
          return absl::OkStatus();
        });
    if (!status.ok() && *filter == '\0') return status;
  }
  return models;
}

absl::StatusOr<std::vector<SourceVersion>> RestSource::Versions(const std::string& model) {
  const char quote = model.find('\'') == model.npos ? '\'' : '"';
  std::vector<SourceVersion> versions;
  CAIRN_RETURN_IF_ERROR(ForEachPage(
      fmt::format("{}/model-versions/search", kApi),
      {{"filter", fmt::format("name = {0}{1}{0}", quote, model)}, {"max_results", "1000"}},
      [&](const Json& page) {
        for (const Json& item : ItemsOf(page, "model_versions")) {
          versions.push_back(VersionOf(item));
        }
        return absl::OkStatus();
      }));
  std::sort(versions.begin(), versions.end(),
            [](const auto& a, const auto& b) { return a.number < b.number; });
  return versions;
}

}  // namespace cairn::mlflow_import

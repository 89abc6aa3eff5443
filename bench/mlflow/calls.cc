#include "bench/mlflow/calls.h"

#include <charconv>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <iterator>

#include "fmt/format.h"

namespace cairn::bench {
namespace {

constexpr int64_t kFirstTime = 1'790'000'000'000;  // 13 digits, and so all that follow
constexpr int64_t kFirstStep = 1'000'000;          // 7 digits
constexpr size_t kTimeDigits = 13;
constexpr size_t kStepDigits = 7;

[[noreturn]] void Fail(std::string_view call, std::string_view answer) {
  std::fprintf(stderr, "mlflow_load: %s\n",
               fmt::format("{} answered {:.300}", call, answer).c_str());
  std::exit(1);
}

// What follows `"name":` from `from` on; npos where there is none.
size_t ValueAt(std::string_view json, std::string_view name, size_t from) {
  const std::string quoted = fmt::format("\"{}\"", name);
  for (size_t at = json.find(quoted, from); at != std::string_view::npos;
       at = json.find(quoted, at + 1)) {
    at = json.find_first_not_of(" \n", at + quoted.size());
    if (at == std::string_view::npos) break;
    if (json[at] == ':') return json.find_first_not_of(" \n", at + 1);
  }
  return std::string_view::npos;
}

void Write(int64_t number, size_t digits, size_t at, std::string& into) {
  (void)std::to_chars(into.data() + at, into.data() + at + digits, number);
}

}  // namespace

std::string MlflowPost(std::string_view call, std::string_view json) {
  return PostOf(fmt::format("/api/2.0/mlflow/{}", call), "application/json", json);
}

std::string MlflowGet(std::string_view call_and_query) {
  return RequestOf("GET", fmt::format("/api/2.0/mlflow/{}", call_and_query), "application/json",
                   "");
}

std::string CreateRunCall(std::string_view experiment) {
  return MlflowPost(
      "runs/create",
      fmt::format(R"({{"experiment_id":"{}","user_id":"bench","run_name":"bold-fox-7",)"
                  R"("start_time":{},"tags":[{{"key":"mlflow.user","value":"bench"}},)"
                  R"({{"key":"mlflow.source.name","value":"train.py"}},)"
                  R"({{"key":"mlflow.source.type","value":"LOCAL"}},)"
                  R"({{"key":"mlflow.runName","value":"bold-fox-7"}}]}})",
                  experiment, kFirstTime));
}

std::string LogMetricCall(std::string_view run, int64_t step) {
  return MlflowPost(
      "runs/log-metric",
      fmt::format(
          R"({{"run_id":"{0}","run_uuid":"{0}","key":"loss","value":0.125,"timestamp":{1},"step":{2}}})",
          run, kFirstTime + step, step));
}

std::string HistoryCall(std::string_view run, std::string_view key, std::string_view token) {
  std::string query = fmt::format(
      "metrics/get-history?run_id={0}&run_uuid={0}&metric_key={1}&max_results=25000", run, key);
  if (!token.empty()) query += "&page_token=";
  for (const char c : token) {
    query += fmt::format("%{:02X}", static_cast<unsigned char>(c));
  }
  return MlflowGet(query);
}

std::string FieldOf(std::string_view json, std::string_view name) {
  const size_t at = ValueAt(json, name, 0);
  if (at == std::string_view::npos || json[at] != '"') return "";
  return std::string(json.substr(at + 1, json.find('"', at + 1) - at - 1));
}

size_t CountOf(std::string_view json, std::string_view name) {
  size_t count = 0;
  for (size_t at = ValueAt(json, name, 0); at != std::string_view::npos;
       at = ValueAt(json, name, at)) {
    ++count;
  }
  return count;
}

std::string CreateExperiment(HttpCaller& caller) {
  const int64_t now = std::chrono::system_clock::now().time_since_epoch().count();
  const std::string answer =
      caller.Call(MlflowPost("experiments/create", fmt::format(R"({{"name":"bench {}"}})", now)));
  std::string id = FieldOf(answer, "experiment_id");
  if (id.empty()) Fail("experiments/create", answer);
  return id;
}

MlflowRun CreateRun(HttpCaller& caller, std::string_view experiment) {
  constexpr std::string_view kProxied = "mlflow-artifacts:/";
  const std::string answer = caller.Call(CreateRunCall(experiment));
  const std::string uri = FieldOf(answer, "artifact_uri");
  MlflowRun run{FieldOf(answer, "run_id"), ""};
  if (run.id.empty()) Fail("runs/create", answer);
  if (!uri.starts_with(kProxied)) return run;
  run.artifacts = fmt::format("/api/2.0/mlflow-artifacts/artifacts/{}",
                              std::string_view(uri).substr(kProxied.size()));
  return run;
}

BatchCalls::BatchCalls(std::string_view run, int keys) : steps_(kPoints / keys) {
  std::string body = fmt::format(R"({{"run_id":"{}","metrics":[)", run);
  for (int i = 0; i < kPoints; ++i) {
    fmt::format_to(std::back_inserter(body), R"({}{{"key":"metric_{:03}","value":{},"timestamp":)",
                   i == 0 ? "" : ",", i % keys, 0.5 + 1e-4 * i);
    Place place{body.size(), 0, i / keys};
    body.append(kTimeDigits, '0');
    body += R"(,"step":)";
    place.step = body.size();
    body.append(kStepDigits, '0');
    body += '}';
    places_.push_back(place);
  }
  body += R"(],"params":[],"tags":[]})";
  request_ = MlflowPost("runs/log-batch", body);
  for (Place& place : places_) {
    place.time += request_.size() - body.size();
    place.step += request_.size() - body.size();
  }
}

std::string BatchCalls::Batch(int64_t i) const {
  std::string request = request_;
  for (const Place& place : places_) {
    const int64_t step = i * steps_ + place.offset;
    Write(kFirstTime + step, kTimeDigits, place.time, request);
    Write(kFirstStep + step, kStepDigits, place.step, request);
  }
  return request;
}

}  // namespace cairn::bench

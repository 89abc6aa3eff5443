// How fast predictions are served, each figure beside that of a bare server that reads the same
// requests and answers a constant of the same size: what HTTP and the kernel cost anyway. Client
// and server share the machine, so the processor time of each is told as well.
//
// usage: pipeline_serving_bench [SECONDS]      everything; 0: only the parts, without HTTP
//        pipeline_serving_bench --bare ROWS    the bare server, which the first starts

#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "bench/http_load/http_load.h"
#include "fmt/format.h"
#include "lib/base/encoding.h"
#include "lib/base/files.h"
#include "lib/http/http_server.h"
#include "lib/model/model_file.h"
#include "pipeline/serving/answers.h"
#include "pipeline/serving/prediction_service.h"
#include "pipeline/serving/request_body.h"
#include "tests/testing/server_process.h"

namespace cairn::bench::predictions {
namespace {

using Feature = cairn::v1::SegmentationModel::Feature;

constexpr int kFeatures = 15;
constexpr int kComponents = 6;
constexpr int kSegments = 5;
constexpr int kBatch = 1000;

const char* const kNames[kFeatures] = {"Days_Since_Last_Purchase",
                                       "Total_Transactions",
                                       "Total_Products_Purchased",
                                       "Total_Spend",
                                       "Average_Transaction_Value",
                                       "Unique_Products_Purchased",
                                       "Average_Days_Between_Purchases",
                                       "Day_Of_Week",
                                       "Hour",
                                       "Is_UK",
                                       "Cancellation_Frequency",
                                       "Cancellation_Rate",
                                       "Monthly_Spending_Mean",
                                       "Monthly_Spending_Std",
                                       "Spending_Trend"};

// As large as those that the pipeline trains.
std::string ModelBytes() {
  std::mt19937 random(1);
  std::normal_distribution<double> normal;
  cairn::v1::SegmentationModel model;
  model.set_algorithm("kmeans");
  for (int j = 0; j < kFeatures; ++j) {
    Feature* const feature = model.add_features();
    feature->set_name(kNames[j]);
    feature->set_transform(j < 7 ? Feature::SIGNED_LOG : Feature::IDENTITY);
    feature->set_center(normal(random));
    feature->set_scale(1.5);
    feature->set_max(1000);
    feature->set_mean(10);
    for (int edge = 1; edge <= 9; ++edge) feature->add_decile_edges(edge);
    model.mutable_projection()->add_mean(0);
  }
  for (int i = 0; i < kComponents * kFeatures; ++i) {
    model.mutable_projection()->add_components(normal(random) / 4);
  }
  for (int i = 0; i < kComponents; ++i)
    model.mutable_projection()->add_explained_variance_ratio(0.1);
  model.set_cluster_count(kSegments);
  for (int i = 0; i < kSegments * kComponents; ++i) model.add_centers(normal(random));
  for (int i = 0; i < kSegments; ++i) model.add_cluster_sizes(10);
  model.set_training_row_count(10L * kSegments);
  return *model::SerializeModel(model);
}

// Customers as features.csv has them: counts, money with two digits, means with all of theirs.
std::string Value(std::mt19937& random, int column) {
  if (column % 3 == 0) return std::to_string(random() % 400);
  const double money = static_cast<double>(random() % 10'000'000) / 100;
  return ShortestDouble(column % 3 == 1 ? money : money / 7);
}

std::string Object(std::mt19937& random) {
  std::string out = "{";
  for (int j = 0; j < kFeatures; ++j) {
    out += fmt::format("{}\"{}\":{}", j == 0 ? "" : ",", kNames[j], Value(random, j));
  }
  return out + "}";
}

std::string Array(std::mt19937& random) {
  std::string out = "[";
  for (int j = 0; j < kFeatures; ++j) out += (j == 0 ? "" : ",") + Value(random, j);
  return out + "]";
}

std::string Rows(int count, const std::function<std::string()>& row) {
  std::string out;
  for (int i = 0; i < count; ++i) out += (i == 0 ? "" : ",") + row();
  return out;
}

std::vector<std::string> Requests(int count, int rows, bool split) {
  std::mt19937 random(2);
  std::string names;
  for (const char* name : kNames) names += fmt::format("{}\"{}\"", names.empty() ? "" : ",", name);
  std::vector<std::string> out;
  for (int i = 0; i < count; ++i) {
    out.push_back(PostOf(
        "/predict", "application/json",
        split
            ? fmt::format(R"({{"dataframe_split":{{"columns":[{}],"data":[{}]}}}})", names,
                          Rows(rows, [&] { return Array(random); }))
            : fmt::format(R"({{"instances":[{}]}})", Rows(rows, [&] { return Object(random); }))));
  }
  return out;
}

constexpr std::string_view kReady = "ready http=";

// A server that answers a constant, of as many bytes as the predictions of `rows` instances, until
// it is killed.
int ServeBare(int rows) {
  const std::string body(static_cast<size_t>(72 * rows + 20), ' ');
  http::Route route;
  route.method = "POST";
  route.pattern = "/predict";
  route.permission = "predict";
  route.handler = [body](const http::Request&) { return http::JsonResponse(body); };
  http::HttpServerOptions options;
  options.threads = 2;
  const auto server =
      http::HttpServer::Start(std::move(options), *http::Router::Create({std::move(route)}));
  if (!server.ok()) return 1;
  fmt::print("{}{}\n", kReady, (*server)->address());
  std::fflush(stdout);
  for (;;) ::pause();
}

// A program that serves, and where.
class Target {
 public:
  explicit Target(const std::vector<std::string>& arguments) : program_(arguments) {
    std::string line;
    if (!program_.NextLine(&line) || !line.starts_with(kReady)) std::exit(1);
    address_ = line.substr(kReady.size());
  }

  HttpRate Run(const MakeRequest& make, int connections, double seconds, double pace = 0) {
    return RunHttpLoad({address_, program_.pid(), connections, seconds, pace}, make);
  }

 private:
  testing::RunningProgram program_;
  std::string address_;
};

void PrintRate(const char* what, const HttpRate& ours, const HttpRate& bare, double rows) {
  fmt::print("{:<37} {:>10.0f}/s   bare {:>10.0f}/s   ratio {:.2f}\n", what, ours.per_second * rows,
             bare.per_second * rows, ours.per_second / bare.per_second);
  fmt::print(
      "{:<37} server {:.3f} us, client {:.3f} us   bare server {:.3f} us, client {:.3f} us\n",
      "  processor time of a prediction", ours.server_micros / rows, ours.client_micros / rows,
      bare.server_micros / rows, bare.client_micros / rows);
}

void MeasureSingles(Target& target, double seconds) {
  const auto singles = Requests(256, 1, false);
  fmt::print("bytes of a request for one: {}\n", singles[0].size());
  Target bare({"/proc/self/exe", "--bare", "1"});
  const MakeRequest make = InTurn(singles);
  PrintRate("single predictions, 64 connections", target.Run(make, 64, seconds),
            bare.Run(make, 64, seconds), 1);
  const HttpRate paced = target.Run(make, 64, seconds, 5000);
  const HttpRate bare_paced = bare.Run(make, 64, seconds, 5000);
  fmt::print(
      "5,000/s open loop: p50 {:.3f} ms, p99 {:.3f} ms   bare p50 {:.3f} ms, p99 {:.3f} ms\n",
      paced.Quantile(0.5), paced.Quantile(0.99), bare_paced.Quantile(0.5),
      bare_paced.Quantile(0.99));
}

void MeasureBatches(Target& target, double seconds) {
  Target bare({"/proc/self/exe", "--bare", std::to_string(kBatch)});
  for (const bool split : {false, true}) {
    const auto batches = Requests(8, kBatch, split);
    const MakeRequest make = InTurn(batches);
    PrintRate(
        split ? "predictions, batches of 1,000 arrays" : "predictions, batches of 1,000 objects",
        target.Run(make, 4, seconds), bare.Run(make, 4, seconds), kBatch);
    fmt::print("  bytes of a request: {}\n", batches[0].size());
  }
}

double ThreadSeconds() {
  timespec now{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) / 1e9;
}

// Seconds of processor time that `work` takes at best: others on the machine only add to it.
double TimeOf(double seconds, const std::function<void()>& work) {
  double best = 0;
  for (double spent = 0; spent < seconds;) {
    const double begin = ThreadSeconds();
    work();
    const double took = ThreadSeconds() - begin;
    best = spent == 0 ? took : std::min(best, took);
    spent += took;
  }
  return best;
}

// The parts of a batch without HTTP, on one core.
void MeasureParts(const std::string& bytes, double seconds) {
  using namespace pipeline::serving;  // NOLINT(google-build-using-namespace)
  const ModelPtr model = *ServedModel::Load(bytes, "bench", 0);
  PredictionService service({100'000, kBatch, "bench"});
  service.Show(model);
  for (const bool split : {false, true}) {
    const std::string sent = Requests(1, kBatch, split)[0];
    http::Request request;
    request.body = sent.substr(sent.find("\r\n\r\n") + 4);
    FeatureRows rows;
    const double parse = TimeOf(seconds, [&] {
      if (!ReadJsonBody(request.body, *model, kBatch, &rows).ok()) std::exit(1);
    });
    fmt::print("one core, 1,000 {}: parse {:.0f} us ({:.2f} GB/s)", split ? "arrays " : "objects",
               parse * 1e6, static_cast<double>(request.body.size()) / parse / 1e9);
    std::vector<int32_t> segments(kBatch);
    std::vector<double> distances(kBatch);
    const double score =
        TimeOf(seconds, [&] { model->scorer().Score(rows.values, segments, distances); });
    const double write = TimeOf(seconds, [&] {
      if (PredictionsJson(*model, segments, distances).empty()) std::exit(1);
    });
    const double all = TimeOf(seconds, [&] {
      if (service.Predict(request).status != 200) std::exit(1);
    });
    fmt::print(", score {:.0f} us, write {:.0f} us; with log and metrics {:.0f} us\n", score * 1e6,
               write * 1e6, all * 1e6);
  }
}

int Run(double seconds) {
  const testing::TempFolder folder;
  const std::string model = folder / "model.cairnseg";
  const std::string bytes = ModelBytes();
  if (!WriteFileAtomically(model, bytes).ok()) return 1;
  MeasureParts(bytes, seconds > 0 ? seconds / 5 : 0.5);
  if (seconds <= 0) return 0;
  Target target({testing::ProgramPath("cairn-pipeline"), "serve", "--model", model, "--address",
                 "127.0.0.1:0", "--threads", "2"});
  MeasureSingles(target, seconds);
  MeasureBatches(target, seconds);
  return 0;
}

}  // namespace
}  // namespace cairn::bench::predictions

int main(int argc, char** argv) {
  if (argc > 2 && std::string_view(argv[1]) == "--bare") {
    return cairn::bench::predictions::ServeBare(std::atoi(argv[2]));
  }
  return cairn::bench::predictions::Run(argc > 1 ? std::atof(argv[1]) : 5);
}

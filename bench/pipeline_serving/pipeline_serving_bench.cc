// How fast predictions are served, each figure beside that of a bare server that reads the same
// requests and answers a constant of the same size: what HTTP and the kernel cost anyway.
//
// usage: pipeline_serving_bench [SECONDS]

#include <time.h>

#include <cstdio>
#include <cstdlib>
#include <functional>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "bench/pipeline_serving/load.h"
#include "fmt/format.h"
#include "lib/base/encoding.h"
#include "lib/base/files.h"
#include "lib/http/http_server.h"
#include "lib/model/model_file.h"
#include "pipeline/serving/answers.h"
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
        "/predict", split ? fmt::format(R"({{"dataframe_split":{{"columns":[{}],"data":[{}]}}}})",
                                        names, Rows(rows, [&] { return Array(random); }))
                          : fmt::format(R"({{"instances":[{}]}})",
                                        Rows(rows, [&] { return Object(random); }))));
  }
  return out;
}

// A server that answers a constant, of as many bytes as the predictions of `rows` instances.
std::unique_ptr<http::HttpServer> BareServer(int rows) {
  const std::string body(static_cast<size_t>(72 * rows + 20), ' ');
  http::Route route;
  route.method = "POST";
  route.pattern = "/predict";
  route.permission = "predict";
  route.handler = [body](const http::Request&) { return http::JsonResponse(body); };
  http::HttpServerOptions options;
  options.threads = 2;
  return *http::HttpServer::Start(std::move(options), *http::Router::Create({route}));
}

void PrintRate(const char* what, double ours, double bare, double rows) {
  fmt::print("{:<46} {:>12.0f}/s   bare {:>12.0f}/s   ratio {:.2f}\n", what, ours * rows,
             bare * rows, ours / bare);
}

void Measure(const std::string& address, double seconds) {
  const auto singles = Requests(256, 1, false);
  const auto batches = Requests(8, kBatch, false);
  const auto splits = Requests(8, kBatch, true);
  fmt::print("bytes of a request: {} for one, {} for {} objects, {} for {} arrays\n",
             singles[0].size(), batches[0].size(), kBatch, splits[0].size(), kBatch);
  const auto bare_one = BareServer(1);
  const auto bare_batch = BareServer(kBatch);
  PrintRate("single predictions, 64 connections",
            Saturate(address, singles, 64, seconds).per_second,
            Saturate(bare_one->address(), singles, 64, seconds).per_second, 1);
  const Result paced = Pace(address, singles, 64, 5000, seconds);
  const Result bare_paced = Pace(bare_one->address(), singles, 64, 5000, seconds);
  fmt::print(
      "5,000/s open loop: p50 {:.3f} ms, p99 {:.3f} ms   bare p50 {:.3f} ms, p99 {:.3f} ms\n",
      paced.Quantile(0.5), paced.Quantile(0.99), bare_paced.Quantile(0.5),
      bare_paced.Quantile(0.99));
  PrintRate("predictions, batches of 1,000 objects",
            Saturate(address, batches, 4, seconds).per_second,
            Saturate(bare_batch->address(), batches, 4, seconds).per_second, kBatch);
  PrintRate("predictions, batches of 1,000 arrays",
            Saturate(address, splits, 4, seconds).per_second,
            Saturate(bare_batch->address(), splits, 4, seconds).per_second, kBatch);
}

double ThreadSeconds() {
  timespec now{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) / 1e9;
}

// Seconds of processor time that `work` takes, which others on the machine change little.
double TimeOf(double seconds, const std::function<void()>& work) {
  const double begin = ThreadSeconds();
  double spent = 0;
  int64_t times = 0;
  for (; spent < seconds; ++times) {
    work();
    spent = ThreadSeconds() - begin;
  }
  return spent / static_cast<double>(times);
}

// The parts of a batch without HTTP, on one core.
void MeasureParts(const std::string& bytes, double seconds) {
  using namespace pipeline::serving;  // NOLINT(google-build-using-namespace)
  const ModelPtr model = *ServedModel::Load(bytes, "bench", 0);
  for (const bool split : {false, true}) {
    const std::string request = Requests(1, kBatch, split)[0];
    const std::string body = request.substr(request.find("\r\n\r\n") + 4);
    FeatureRows rows;
    const double parse = TimeOf(seconds, [&] {
      if (!ReadJsonBody(body, *model, kBatch, &rows).ok()) std::exit(1);
    });
    fmt::print("one core, {}: parse {:.0f} us ({:.2f} GB/s)", split ? "arrays " : "objects",
               parse * 1e6, static_cast<double>(body.size()) / parse / 1e9);
    std::vector<int32_t> segments(kBatch);
    std::vector<double> distances(kBatch);
    const double score =
        TimeOf(seconds, [&] { model->scorer().Score(rows.values, segments, distances); });
    const double write = TimeOf(seconds, [&] {
      if (PredictionsJson(*model, segments, distances).empty()) std::exit(1);
    });
    fmt::print(", score {:.0f} us, write {:.0f} us of 1,000 instances\n", score * 1e6, write * 1e6);
  }
}

int Run(double seconds) {
  const testing::TempFolder folder;
  const std::string model = folder / "model.cairnseg";
  const std::string bytes = ModelBytes();
  if (!WriteFileAtomically(model, bytes).ok()) return 1;
  MeasureParts(bytes, seconds / 5);
  testing::RunningProgram program({testing::ProgramPath("cairn-pipeline"), "serve", "--model",
                                   model, "--address", "127.0.0.1:0", "--threads", "2"});
  std::string line;
  constexpr std::string_view kReady = "ready http=";
  if (!program.NextLine(&line) || !line.starts_with(kReady)) return 1;
  Measure(line.substr(kReady.size()), seconds);
  return 0;
}

}  // namespace
}  // namespace cairn::bench::predictions

int main(int argc, char** argv) {
  return cairn::bench::predictions::Run(argc > 1 ? std::atof(argv[1]) : 5);
}

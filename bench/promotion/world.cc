#include "bench/promotion/world.h"

#include <grpcpp/grpcpp.h>

#include <cstdio>
#include <cstdlib>
#include <utility>

#include "bench/promotion/policy_checks.h"
#include "fmt/format.h"
#include "lib/client/uploader.h"

namespace cairn::bench {
namespace {

std::string PolicyOf(const Shape& shape) {
  const std::string where = shape.where.empty() ? "" : fmt::format(", where: \"{}\"", shape.where);
  return fmt::format(
             "apiVersion: cairn/v1\nkind: PromotionPolicy\nmetadata: {{name: {0}-{1}}}\nspec:\n"
             "  target: {{model: {0}, channel: {1}}}\n  candidates: {{max: {2}{3}}}\n"
             "  evidence: {{trust: reported, dataset: d}}\n",
             shape.model, shape.channel, shape.max, where) +
         PolicyChecks(shape.checks);
}

}  // namespace

void MustBeOk(const absl::Status& status, const char* what) {
  if (status.ok()) return;
  std::fprintf(stderr, "%s: %s\n", what, status.ToString().c_str());
  std::exit(1);
}

void Print(const std::string& what, const std::string& result) {
  std::printf("%-58s %s\n", what.c_str(), result.c_str());
  std::fflush(stdout);
}

std::string Describe(const Latencies& latencies) {
  return fmt::format("p50 {:.2f} p99 {:.2f} ms ({} calls)", latencies.Quantile(0.5),
                     latencies.Quantile(0.99), latencies.size());
}

World::World(const std::string& parent, const std::string& name) : server_(parent + "/" + name) {
  if (!server_.Start()) std::exit(1);
  client::ConnectOptions options;
  options.address = server_.grpc_address();
  client_ = Must(client::Client::Connect(options), "connect");
  channel_ = Connect(server_.grpc_address());
  promotion_ = v1::PromotionService::NewStub(channel_);
  registry_ = v1::RegistryService::NewStub(channel_);
  tracking_ = v1::TrackingService::NewStub(channel_);
  file_ = Upload("model.bin", "model");
  dataset_ = PutDataset("d", Upload("data.csv", "data"));
}

v1::ArtifactFile World::Upload(const std::string& path, const std::string& bytes) {
  client::Uploader uploader(*client_);
  return Must(uploader.Upload({client::UploadItem::Bytes(path, bytes)}), "upload").front();
}

std::string World::PutDataset(const std::string& dataset, const v1::ArtifactFile& file) {
  v1::CreateDatasetVersionRequest request;
  request.set_parent("datasets/" + dataset);
  *request.mutable_dataset_version()->add_files() = file;
  return Must(client_->datasets().CreateDatasetVersion(request), "data set").name();
}

void World::Apply(const std::string& source) {
  v1::ApplyPolicyRequest request;
  request.set_source(source);
  MustBeOk(client_->promotion().ApplyPolicy(request).status(), "policy");
}

void World::Govern(const Shape& shape) { Apply(PolicyOf(shape)); }

v1::CreateModelVersionRequest World::VersionOf(const Shape& shape, int64_t number,
                                               const std::map<std::string, std::string>& tags) {
  v1::CreateModelVersionRequest request;
  request.set_parent("models/" + shape.model);
  v1::ModelVersion& version = *request.mutable_model_version();
  *version.add_files() = file_;
  version.set_evaluation_space("space");
  version.set_feature_schema("schema");
  version.mutable_tags()->insert(tags.begin(), tags.end());
  v1::Evaluation& evaluation = *request.add_evaluations();
  evaluation.set_dataset_version(dataset_);
  evaluation.set_space("space");
  for (int i = 0; i < shape.checks; ++i) {
    auto* value = evaluation.add_values();
    value->set_metric(fmt::format("m{}", i));
    // A few fail here and there.
    value->set_value(0.25 + static_cast<double>((number * 31 + i * 17) % 97) / 97);
  }
  return request;
}

void World::Fill(const Shape& shape) {
  for (int i = 1; i <= shape.versions; ++i) {
    MustBeOk(
        client_->registry().CreateModelVersion(VersionOf(shape, i, {{"team", "crm"}})).status(),
        "version");
  }
  Govern(shape);
  v1::Decision decision;
  Check(Promote(*this, shape, /*dry_run=*/false, decision), "Promote");
  if (decision.outcome() == v1::Decision::PROMOTED) return;
  std::fprintf(stderr, "nothing was promoted: %s\n", decision.message().c_str());
  std::exit(1);
}

double World::Gauge(const std::string& name) const {
  const std::string text = testing::HttpGet(server_.http_address(), "/metrics");
  const auto at = text.find("\n" + name + " ");
  return at == std::string::npos ? -1 : std::atof(text.c_str() + at + name.size() + 2);
}

grpc::Status Promote(World& world, const Shape& shape, bool dry_run, v1::Decision& decision) {
  grpc::ClientContext context;
  v1::PromoteRequest request;
  request.set_name(fmt::format("models/{}/channels/{}", shape.model, shape.channel));
  request.set_validate_only(dry_run);
  return world.promotion().Promote(&context, request, &decision);
}

}  // namespace cairn::bench

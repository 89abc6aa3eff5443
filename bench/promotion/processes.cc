// `mlctl promote` from the start of the process to its end, with what is measured already and with
// what the server has to measure first, beside `mlctl version`.

#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "bench/evaluation/segment_model.h"
#include "bench/promotion/world.h"
#include "fmt/format.h"
#include "lib/model/model_file.h"

namespace cairn::bench {
namespace {

constexpr int kRows = 4'362;

std::string Register(World& world, int number) {
  v1::CreateModelVersionRequest request;
  request.set_parent("models/segments");
  request.mutable_model_version()->set_feature_schema("schema");
  *request.mutable_model_version()->add_files() = world.Upload(
      "model.cairnseg", Must(model::SerializeModel(SegmentModel(1e-4 * number)), "model"));
  const auto version = Must(world.client().registry().CreateModelVersion(request), "version");
  return "segments@" + version.name().substr(version.name().rfind('/') + 1);
}

Clock::duration TimeCommand(const World& world, const std::vector<std::string>& words) {
  std::vector<std::string> command = {testing::ProgramPath("mlctl"), "--server",
                                      world.server().grpc_address()};
  command.insert(command.end(), words.begin(), words.end());
  const auto begin = Clock::now();
  const testing::ProgramResult result = testing::RunProgram(command);
  const auto took = Clock::now() - begin;
  if (result.exit_code == 0) return took;
  std::fprintf(stderr, "mlctl: exit code %d: %s\n", result.exit_code, result.output.c_str());
  std::exit(1);
}

}  // namespace

void Processes(const Settings& settings) {
  World world(settings.parent, "processes");
  world.PutDataset("features", world.Upload("features.csv", SegmentTable(kRows)));
  world.Apply(
      "apiVersion: cairn/v1\nkind: PromotionPolicy\nmetadata: {name: p}\nspec:\n"
      "  target: {model: segments, channel: production}\n"
      "  evidence: {dataset: features, trust: server}\n"
      "  gates:\n"
      "    - {id: separate, metric: silhouette, pass: '>= -1'}\n"
      "    - {id: steady, metric: psi_max, pass: '>= 0', onMissing: inconclusive}\n"
      "  compare: [{id: moved, role: guardrail, metric: label_churn, pass: '<= 1'}]\n"
      "  choose: {order: [{metric: silhouette}]}\n");
  const std::string first = Register(world, 0);
  const auto cold = TimeCommand(world, {"promote", first});
  Latencies version;
  Latencies cached;
  Latencies measured;
  for (int i = 1; i <= settings.commands; ++i) {
    version.Add(TimeCommand(world, {"version"}));
    const std::string candidate = Register(world, i);
    measured.Add(TimeCommand(world, {"promote", candidate}));
    cached.Add(TimeCommand(world, {"promote", candidate}));
  }
  const double bare = version.Quantile(0.5);
  Print("mlctl version, the whole process", Describe(version));
  Print(fmt::format("mlctl promote of one, {} x {}, the table not read yet", kRows, kFeatures),
        fmt::format("{:.1f} ms", std::chrono::duration<double, std::milli>(cold).count()));
  Print("mlctl promote of one that is to be measured, twice",
        fmt::format("{}  ({:.2f} x mlctl version)", Describe(measured),
                    measured.Quantile(0.5) / bare));
  Print("mlctl promote of one that is measured already",
        fmt::format("{}  ({:.2f} x mlctl version)", Describe(cached), cached.Quantile(0.5) / bare));
}

}  // namespace cairn::bench

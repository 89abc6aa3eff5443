#include <bit>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "client-cli/cli/command.h"
#include "client-cli/cli/reference.h"
#include "client-cli/cli/sparkline.h"
#include "client-cli/commands/catalog.h"
#include "client-cli/commands/resolve.h"
#include "client-cli/commands/session.h"
#include "fmt/format.h"
#include "google/protobuf/struct.pb.h"
#include "lib/base/encoding.h"
#include "lib/base/status_macros.h"

namespace cairn::cli {
namespace {

using google::protobuf::Struct;

constexpr int64_t kMostBuckets = 10'000;

static_assert(std::endian::native == std::endian::little, "arrays are little-endian on the wire");

// The numbers of one array of a curve.
template <typename T>
std::vector<T> Unpacked(const std::string& bytes) {
  std::vector<T> numbers(bytes.size() / sizeof(T));
  std::memcpy(numbers.data(), bytes.data(), numbers.size() * sizeof(T));
  return numbers;
}

// A curve with numbers in the place of bytes.
struct OpenCurve {
  explicit OpenCurve(const v1::ReadCurvesResponse& packed)
      : run(packed.run()),
        key(packed.key()),
        points(packed.point_count()),
        first_steps(Unpacked<double>(packed.first_steps())),
        last_steps(Unpacked<double>(packed.last_steps())),
        least(Unpacked<double>(packed.min_values())),
        greatest(Unpacked<double>(packed.max_values())),
        means(Unpacked<double>(packed.mean_values())),
        first_times(Unpacked<double>(packed.first_times())),
        counts(Unpacked<uint32_t>(packed.point_counts())),
        nan_counts(Unpacked<uint32_t>(packed.nan_counts())) {}

  std::string run;
  std::string key;
  int64_t points;
  std::vector<double> first_steps, last_steps, least, greatest, means, first_times;
  std::vector<uint32_t> counts, nan_counts;
};

// As Protobuf's JSON has doubles, but for NaN, which is no number of a bucket: null.
google::protobuf::Value ToCurveValue(double number) {
  google::protobuf::Value value;
  if (std::isnan(number)) {
    value.set_null_value(google::protobuf::NULL_VALUE);
  } else if (std::isinf(number)) {
    value.set_string_value(number > 0 ? "Infinity" : "-Infinity");
  } else {
    value.set_number_value(number);
  }
  return value;
}

template <typename T>
void SetList(const char* name, const std::vector<T>& numbers, Struct& object) {
  auto& list = *(*object.mutable_fields())[name].mutable_list_value();
  for (const T number : numbers) *list.add_values() = ToCurveValue(static_cast<double>(number));
}

Struct CurvesMessage(const std::vector<OpenCurve>& curves) {
  Struct message;
  auto& list = *(*message.mutable_fields())["curves"].mutable_list_value();
  for (const OpenCurve& curve : curves) {
    Struct& object = *list.add_values()->mutable_struct_value();
    (*object.mutable_fields())["run"].set_string_value(curve.run);
    (*object.mutable_fields())["key"].set_string_value(curve.key);
    SetList("firstSteps", curve.first_steps, object);
    SetList("lastSteps", curve.last_steps, object);
    SetList("minValues", curve.least, object);
    SetList("meanValues", curve.means, object);
    SetList("maxValues", curve.greatest, object);
    SetList("pointCounts", curve.counts, object);
    SetList("nanCounts", curve.nan_counts, object);
    SetList("firstTimesUnixMillis", curve.first_times, object);
  }
  return message;
}

Cell CurveValueCell(double value) {
  return std::isnan(value) ? Cell() : Cell(ShortestDouble(value), fmt::format("{:.6g}", value));
}

Cell WholeCell(double value) { return Cell(fmt::format("{:.0f}", value)); }

// What people look at: a line for each curve, with its shape.
Table ShapeTable(const std::vector<OpenCurve>& curves) {
  Table table;
  table.columns = {{"RUN"},
                   {"METRIC"},
                   {"CURVE"},
                   {"POINTS", false, true},
                   {"LAST_STEP", false, true},
                   {"LAST_MEAN", false, true}};
  for (const OpenCurve& curve : curves) {
    std::vector<std::optional<double>> means;
    for (const double mean : curve.means) {
      means.push_back(std::isnan(mean) ? std::nullopt : std::optional<double>(mean));
    }
    const bool any = !curve.means.empty();
    table.rows.push_back(
        {curve.run,
         curve.run,
         {Cell(curve.run, ShortName(curve.run)), curve.key, Sparkline(means),
          std::to_string(curve.points), any ? WholeCell(curve.last_steps.back()) : Cell(),
          any ? CurveValueCell(curve.means.back()) : Cell()}});
  }
  return table;
}

// What programs read: a line for each bucket.
Table RangeTable(const std::vector<OpenCurve>& curves) {
  Table table;
  table.columns = {{"RUN"},
                   {"METRIC"},
                   {"FIRST_STEP", false, true},
                   {"LAST_STEP", false, true},
                   {"POINTS", false, true},
                   {"MIN", false, true},
                   {"MEAN", false, true},
                   {"MAX", false, true},
                   {"NAN", true, true}};
  for (const OpenCurve& curve : curves) {
    for (size_t i = 0; i < curve.means.size(); ++i) {
      table.rows.push_back(
          {curve.run,
           curve.run,
           {Cell(curve.run, ShortName(curve.run)), curve.key, WholeCell(curve.first_steps[i]),
            WholeCell(curve.last_steps[i]), std::to_string(curve.counts[i]),
            CurveValueCell(curve.least[i]), CurveValueCell(curve.means[i]),
            CurveValueCell(curve.greatest[i]), std::to_string(curve.nan_counts[i])}});
    }
  }
  return table;
}

absl::StatusOr<v1::ReadCurvesRequest> RequestOfCurves(Session& session, const Invocation& call) {
  const Settings& flags = session.flags();
  v1::ReadCurvesRequest request;
  for (const std::string& text : call.arguments) {
    CAIRN_ASSIGN_OR_RETURN(const v1::Run run, ResolveRun(session, text));
    request.add_runs(run.name());
  }
  for (const std::string& key : flags.List("metric")) request.add_keys(key);
  if (request.keys().empty()) return UsageError("which metrics? Write --metric KEY for each");
  if (flags.IsGiven("from")) request.set_start_step(flags.Integer("from"));
  if (flags.IsGiven("to")) request.set_end_step(flags.Integer("to"));
  const int64_t buckets = flags.Integer("buckets");
  if (buckets < 1 || buckets > kMostBuckets) {
    return UsageError(fmt::format("--buckets {}: must be from 1 to {}", buckets, kMostBuckets));
  }
  request.set_max_buckets(static_cast<int32_t>(buckets));
  return request;
}

absl::StatusOr<int> GetCurves(Session& session, const Invocation& call) {
  CAIRN_ASSIGN_OR_RETURN(client::Client * client, session.Client());
  CAIRN_ASSIGN_OR_RETURN(const v1::ReadCurvesRequest request, RequestOfCurves(session, call));
  std::vector<OpenCurve> curves;
  CAIRN_RETURN_IF_ERROR(
      client->tracking().ReadCurves(request, [&curves](const v1::ReadCurvesResponse& curve) {
        curves.emplace_back(curve);
        return true;
      }));
  if (curves.empty()) session.Hint("none of these runs has such a metric");
  if (session.wants_message()) return session.Emit(CurvesMessage(curves), Table());
  return session.Emit(Struct(),
                      session.format() == "table" ? ShapeTable(curves) : RangeTable(curves));
}

}  // namespace

std::vector<Command> ManyCurvesCommands() {
  return {
      {.path = "get curves",
       .family = "Look",
       .summary = "Show how metrics of many runs went, in one call",
       .arguments = {{"RUN", 1, 200, "run"}},
       .flags = {{.name = "metric",
                  .letter = 'm',
                  .repeatable = true,
                  .value = "KEY",
                  .help = "a metric; may be given up to 20 times"},
                 {.name = "buckets",
                  .kind = FlagKind::kInteger,
                  .value = "N",
                  .help = "into how many ranges of steps to sum each curve up, at most",
                  .fallback = "40",
                  .least = 1},
                 {.name = "from",
                  .kind = FlagKind::kInteger,
                  .value = "STEP",
                  .help = "the first step; by default the beginning"},
                 {.name = "to",
                  .kind = FlagKind::kInteger,
                  .value = "STEP",
                  .help = "the step to stop before; by default the end"}},
       .examples = {{"mlctl get curves $RUN 9f3c --metric loss", "a line for each run"},
                    {"mlctl get curves $RUN 9f3c -m loss --buckets 20 -o csv",
                     "minimum, mean and maximum of each range"},
                    {"mlctl get curves $RUN -m loss -m accuracy -o json", "arrays, for a script"}},
       .details = "A run without the metric has no line. In JSON a range of NaN only is null.",
       .handler = GetCurves},
  };
}

}  // namespace cairn::cli

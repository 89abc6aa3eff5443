#include <bit>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <string>
#include <utility>
#include <vector>

#include "client-cli/cli/command.h"
#include "client-cli/cli/reference.h"
#include "client-cli/cli/sparkline.h"
#include "client-cli/commands/catalog.h"
#include "client-cli/commands/description_printer.h"
#include "client-cli/commands/resolve.h"
#include "client-cli/commands/session.h"
#include "fmt/format.h"
#include "google/protobuf/struct.pb.h"
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

using Curves = std::vector<v1::ReadCurvesResponse>;

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
void SetList(const char* name, const std::string& bytes, Struct& object) {
  auto& list = *(*object.mutable_fields())[name].mutable_list_value();
  for (const T number : Unpacked<T>(bytes)) {
    *list.add_values() = ToCurveValue(static_cast<double>(number));
  }
}

Struct CurvesMessage(const Curves& curves) {
  Struct message;
  auto& list = *(*message.mutable_fields())["curves"].mutable_list_value();
  for (const v1::ReadCurvesResponse& curve : curves) {
    Struct& object = *list.add_values()->mutable_struct_value();
    (*object.mutable_fields())["run"].set_string_value(curve.run());
    (*object.mutable_fields())["key"].set_string_value(curve.key());
    SetList<double>("firstSteps", curve.first_steps(), object);
    SetList<double>("lastSteps", curve.last_steps(), object);
    SetList<double>("minValues", curve.min_values(), object);
    SetList<double>("meanValues", curve.mean_values(), object);
    SetList<double>("maxValues", curve.max_values(), object);
    SetList<uint32_t>("pointCounts", curve.point_counts(), object);
    SetList<uint32_t>("nanCounts", curve.nan_counts(), object);
    SetList<double>("firstTimesUnixMillis", curve.first_times(), object);
  }
  return message;
}

Cell CurveValueCell(double value) { return std::isnan(value) ? Cell() : ExactNumber(value); }

Cell WholeCell(double value) { return Cell(fmt::format("{:.0f}", value)); }

// What people look at: a line for each curve, with its shape.
Table ShapeTable(const Curves& curves) {
  Table table;
  table.columns = {{"RUN"},
                   {"METRIC"},
                   {"CURVE"},
                   {"POINTS", false, true},
                   {"LAST_STEP", false, true},
                   {"LAST_MEAN", false, true}};
  for (const v1::ReadCurvesResponse& curve : curves) {
    const std::vector<double> means = Unpacked<double>(curve.mean_values());
    const std::vector<double> last_steps = Unpacked<double>(curve.last_steps());
    const bool any = !means.empty();
    table.rows.push_back(
        {curve.run(),
         curve.run(),
         {Cell(curve.run(), ShortName(curve.run())), curve.key(),
          Sparkline({means.begin(), means.end()}), std::to_string(curve.point_count()),
          any ? WholeCell(last_steps.back()) : Cell(),
          any ? CurveValueCell(means.back()) : Cell()}});
  }
  return table;
}

// What programs read: a line for each bucket.
Table RangeTable(const Curves& curves) {
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
  for (const v1::ReadCurvesResponse& curve : curves) {
    const std::vector<double> first_steps = Unpacked<double>(curve.first_steps());
    const std::vector<double> last_steps = Unpacked<double>(curve.last_steps());
    const std::vector<double> least = Unpacked<double>(curve.min_values());
    const std::vector<double> means = Unpacked<double>(curve.mean_values());
    const std::vector<double> greatest = Unpacked<double>(curve.max_values());
    const std::vector<uint32_t> counts = Unpacked<uint32_t>(curve.point_counts());
    const std::vector<uint32_t> nan_counts = Unpacked<uint32_t>(curve.nan_counts());
    for (size_t i = 0; i < means.size(); ++i) {
      table.rows.push_back(
          {curve.run(),
           curve.run(),
           {Cell(curve.run(), ShortName(curve.run())), curve.key(), WholeCell(first_steps[i]),
            WholeCell(last_steps[i]), std::to_string(counts[i]), CurveValueCell(least[i]),
            CurveValueCell(means[i]), CurveValueCell(greatest[i]), std::to_string(nan_counts[i])}});
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
  if (buckets > kMostBuckets) {
    return UsageError(fmt::format("--buckets {}: must be from 1 to {}", buckets, kMostBuckets));
  }
  request.set_max_buckets(static_cast<int32_t>(buckets));
  return request;
}

absl::StatusOr<int> GetCurves(Session& session, const Invocation& call) {
  CAIRN_ASSIGN_OR_RETURN(client::Client * client, session.Client());
  CAIRN_ASSIGN_OR_RETURN(const v1::ReadCurvesRequest request, RequestOfCurves(session, call));
  Curves curves;
  CAIRN_RETURN_IF_ERROR(
      client->tracking().ReadCurves(request, [&curves](v1::ReadCurvesResponse curve) {
        curves.push_back(std::move(curve));
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
                 kFromStep,
                 kToStep},
       .examples = {{"mlctl get curves $RUN 9f3c --metric loss", "a line for each run"},
                    {"mlctl get curves $RUN 9f3c -m loss --buckets 20 -o csv",
                     "minimum, mean and maximum of each range"},
                    {"mlctl get curves $RUN -m loss -m accuracy -o json", "arrays, for a script"}},
       .details = "A run without the metric has no line. In JSON a range of NaN only is null.",
       .handler = GetCurves},
  };
}

}  // namespace cairn::cli

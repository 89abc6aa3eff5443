#include "tests/unit/index/random_runs.h"

#include <limits>

#include "fmt/format.h"
#include "lib/base/clock.h"

namespace cairn::index {
namespace {

using Strings = std::vector<std::string>;

const Strings kMetricKeys = {"loss", "acc", "val/f1", "a.b"};
const Strings kKeys = {"k", "lr", "model", "odd key", "note"};
const Strings kNames = {
    "Alpha", "alpha-2", "beta",     "run-00000001", "run-00000002",        "run-0000",
    "10",    "9",       "ALPHABET", "a\x01",        std::string("a\0b", 3)};
const Strings kUsers = {"ann", "bob", "ann@lab", ""};
const Strings kValues = {"1",    "1.0", "4",        "10",       "9",      "-3",   "0",    "-0",
                         "abc",  "abd", "ABC",      "",         "nan",    "inf",  "-inf", "1e3",
                         "0x10", "a*b", "abcdefgh", "abcdefgi", "abcdef", "true", "0.001"};
const Strings kBareValues = {"1",   "1.0", "4",        "10",   "-3",   "0",
                             "abc", "ab*", "*c",       "*b*",  "*",    "nan",
                             "inf", "1e3", "abcdefgh", "true", "a*b*", "0.001"};
const Strings kOperators = {"=", "!=", "<", "<=", ">", ">="};
const Strings kStates = {"RUNNING", "SCHEDULED", "SUCCEEDED", "FAILED", "KILLED"};
const Strings kKinds = {"RUN", "LOGGED_MODEL"};
const Strings kDatasets = {"datasets/retail/versions/1", "datasets/retail/versions/2",
                           "datasets/other/versions/1"};

const Strings kParents = {"experiments/1/runs/000000000000000000000000000000aa",
                          "experiments/2/runs/000000000000000000000000000000ab"};

const Strings kOutputs = {"models/seg/versions/1", "models/seg/versions/12",
                          "datasets/other/versions/1"};

std::string Quoted(const std::string& text) { return "\"" + text + "\""; }

}  // namespace

double RandomRuns::Number() {
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  static const std::vector<double> special = {
      0, -0.0, 1, -1, 0.5, kInfinity, -kInfinity, std::numeric_limits<double>::quiet_NaN()};
  return OneIn(2) ? Pick(special) : static_cast<double>(Below(40)) / 8 - 2;
}

std::string RandomRuns::Value() { return OneIn(3) ? std::to_string(Below(20)) : Pick(kValues); }

std::string RandomRuns::Uid() {
  // Few leading digits, so that ids tie in the part that sorts first.
  return fmt::format("{:08x}{:024x}", Below(3), random_() >> Below(60));
}

cairn::v1::MetricSummary RandomRuns::Metric() {
  cairn::v1::MetricSummary summary;
  summary.set_key(Pick(kMetricKeys));
  const double latest = Number();
  summary.mutable_latest()->set_value(latest);
  summary.set_min(OneIn(2) ? latest : Number());
  summary.set_max(OneIn(2) ? latest : Number());
  return summary;
}

cairn::v1::Run RandomRuns::Run(const std::string& uid) {
  cairn::v1::Run run;
  run.set_uid(uid);
  if (!OneIn(6)) run.set_display_name(Pick(kNames));
  run.set_user(Pick(kUsers));
  run.set_state(static_cast<cairn::v1::Run::State>(Below(6)));
  if (OneIn(5)) run.set_kind(cairn::v1::Run::LOGGED_MODEL);
  const auto time = [this] {
    return ToTimestamp(static_cast<int64_t>(Below(8)) * 86'400'000'000'000 - 1);
  };
  if (!OneIn(5)) *run.mutable_start_time() = time();
  if (OneIn(2)) *run.mutable_end_time() = time();
  *run.mutable_create_time() = time();
  if (OneIn(6)) *run.mutable_delete_time() = time();
  for (const std::string& key : kKeys) {
    if (OneIn(2)) (*run.mutable_params())[key] = Value();
    if (OneIn(3)) (*run.mutable_tags())[key] = Value();
  }
  for (const std::string& key : kMetricKeys) {
    if (OneIn(3)) continue;
    *run.add_metrics() = Metric();
    run.mutable_metrics(run.metrics_size() - 1)->set_key(key);
  }
  for (const std::string& name : kDatasets) {
    if (!OneIn(3)) continue;
    auto* input = run.add_inputs();
    input->set_dataset_version(name);
    input->set_sha256(std::string(64, static_cast<char>('a' + Below(2))));
  }
  if (OneIn(3)) run.set_parent_run(Pick(kParents));
  for (const std::string& name : kOutputs) {
    if (OneIn(4)) run.add_outputs()->set_resource(name);
  }
  return run;
}

std::string RandomRuns::Time() {
  const auto day = Below(10);
  if (day == 9) return OneIn(2) ? "1500-01-01T00:00:00Z" : "2999-01-01T00:00:00Z";
  return fmt::format("1970-01-0{}T{}Z", day + 1, OneIn(2) ? "00:00:00" : "23:59:59.999999999");
}

std::string RandomRuns::List(const std::function<std::string()>& value) {
  std::string list = "(" + value();
  for (size_t i = Below(4); i > 0; --i) list += (OneIn(2) ? ", " : " ,") + value();
  return list + ")";
}

// Any field that a list may be compared with, and a list.
std::string RandomRuns::Membership() {
  const auto text = [this] { return OneIn(2) ? Quoted(Pick(kValues)) : Pick(kBareValues); };
  switch (Below(9)) {
    case 7:
      return "kind IN " + List([this] { return Pick(kKinds); });
    case 0:
      return Pick(Strings{"metrics", "metrics_min"}) + "." + Quoted(Pick(kMetricKeys)) + " IN " +
             List([this] { return Quoted(fmt::format("{}", Number())); });
    case 1:
      return Pick(Strings{"start_time", "end_time"}) + " IN " +
             List([this] { return Quoted(Time()); });
    case 2:
      return "uid IN " + List([this] { return OneIn(6) ? "0000000*" : Quoted(Uid()); });
    case 3:
      return "state IN " + List([this] { return Pick(kStates); });
    case 4:
      return "dataset IN " + List([this] { return Pick(Strings{"retail", "other@1", "none*"}); });
    case 5:
      return "parent_run IN " + List([this] {
               return Pick(Strings{Quoted(kParents[0]), kParents[1].substr(19)});
             });
    case 6:
      return Pick(Strings{"display_name", "user"}) + " IN " + List([&] {
               return OneIn(2) ? text() : Pick(Strings{"ann", "10", "*@*"});
             });
    default:
      return Pick(Strings{"params", "tags"}) + "." + Quoted(Pick(kKeys)) + " IN " + List(text);
  }
}

std::string RandomRuns::Comparison() {
  const std::string op = Pick(kOperators);
  const auto value = [this] { return OneIn(2) ? Quoted(Pick(kValues)) : Pick(kBareValues); };
  switch (Below(20)) {
    case 19:
      if (OneIn(4)) return "kind:*";
      return "kind " + Pick(Strings{"=", "!="}) + " " + Pick(kKinds);
    case 15:
    case 16:
      return Membership();
    case 17:
      if (OneIn(4)) return "duration:*";
      return "duration " + op + " " + Pick(Strings{"0s", "24h", "48h", "-24h", "1s", "1000000h"});
    case 18:
      if (OneIn(4)) return "output:*";
      return "output " + Pick(Strings{"=", "!=", ":"}) + " " +
             Pick(Strings{"seg", "seg@1", "seg@12", "other", "\"models/seg*\"", "none"});
    case 0:
    case 1:
    case 2: {
      const std::string field =
          Pick(Strings{"metrics", "metrics_min", "metrics_max"}) + "." + Quoted(Pick(kMetricKeys));
      if (OneIn(6)) return field + ":*";
      const double number = Number();
      return fmt::format("{} {} {}", field, op, Quoted(fmt::format("{}", number)));
    }
    case 3:
    case 4:
    case 5:
    case 6: {
      const std::string field = Pick(Strings{"params", "tags"}) + "." + Quoted(Pick(kKeys));
      if (OneIn(6)) return field + ":*";
      if (OneIn(6)) return field + ":" + value();
      return field + " " + op + " " + value();
    }
    case 7:
      if (OneIn(4)) return "state:*";
      return "state " + Pick(Strings{"=", "!="}) + " " + Pick(kStates);
    case 8:
      return Pick(Strings{"display_name", "user"}) + " " + op + " " +
             (OneIn(2) ? Pick(Strings{"alpha*", "*a*", "run-0000*", "ann", "10", "*@*"}) : value());
    case 9:
      return Pick(Strings{"start_time", "end_time", "create_time"}) +
             (OneIn(5) ? ":*" : " " + op + " " + Quoted(Time()));
    case 10:
      if (OneIn(5)) return "dataset:*";
      return "dataset " + Pick(Strings{"=", "!=", ":"}) + " " +
             Quoted(Pick(Strings{"retail", "retail@2", "datasets/other/versions/1", "ret*",
                                 std::string(64, 'a'), "none"}));
    case 11:
      return Pick(Strings{"alpha", "run", "*", "BETA", "a*t", "nothing"});
    case 12:
      return OneIn(3) ? "uid:*" : "uid " + op + " " + (OneIn(3) ? "0000000*" : Quoted(Uid()));
    case 13:
      if (OneIn(4)) return "parent_run:*";
      return "parent_run " + Pick(Strings{"=", "!=", ":"}) + " " +
             Quoted(
                 Pick(Strings{kParents[0], kParents[1].substr(19), "experiments/*", "*ab", "a"}));
    default:
      return Pick(Strings{"params:lr", "tags:model", "metrics:loss", "params.absent = 1",
                          "metrics.absent > 0", "params.absent:*"});
  }
}

std::string RandomRuns::Filter(int depth) {
  if (depth == 0 || OneIn(3)) return (OneIn(6) ? "NOT " : "") + Comparison();
  const size_t parts = 2 + Below(2);
  const std::string glue = OneIn(2) ? " AND " : " OR ";
  std::string filter = OneIn(5) ? "NOT (" : "(";
  for (size_t i = 0; i < parts; ++i) filter += (i == 0 ? "" : glue) + Filter(depth - 1);
  return filter + ")";
}

std::string RandomRuns::OrderBy() {
  std::string order;
  const size_t keys = Below(4);
  for (size_t i = 0; i < keys; ++i) {
    if (i > 0) order += ", ";
    switch (Below(4)) {
      case 0:
        order += Pick(Strings{"metrics", "metrics_min", "metrics_max"}) + "." +
                 Quoted(OneIn(8) ? "absent" : Pick(kMetricKeys));
        break;
      case 1:
        order += Pick(Strings{"params", "tags"}) + "." + Quoted(OneIn(8) ? "absent" : Pick(kKeys));
        break;
      default:
        order += Pick(Strings{"state", "display_name", "uid", "user", "start_time", "end_time",
                              "create_time", "duration"});
    }
    order += Pick(Strings{"", " asc", " desc"});
  }
  return order;
}

}  // namespace cairn::index

#include "pipeline/stages/stage_record.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

namespace cairn::pipeline {
namespace {

nlohmann::ordered_json SetAsideJson(const std::vector<SetAside>& reasons) {
  nlohmann::ordered_json out = nlohmann::ordered_json::array();
  for (const SetAside& one : reasons) {
    out.push_back({{"reason", one.reason}, {"rows", one.rows}, {"spend", one.spend}});
  }
  return out;
}

}  // namespace

SetAsideReport SetAsideOf(const std::vector<StageRecord>& records) {
  SetAsideReport report;
  for (const StageRecord& record : records) {
    if (record.name == kRejectRule) {
      report.rows_read = static_cast<uint64_t>(record.rows_in);
      report.spend = record.spend;
    }
    report.reasons.insert(report.reasons.end(), record.set_aside.begin(), record.set_aside.end());
  }
  return report;
}

std::string StageLog(const StageRecord& record) {
  std::string out =
      fmt::format("stage {}\nkey {}\ncached {}\nrows {} -> {}\nseconds {:.3f}, cpu {:.3f}\n",
                  record.name, record.key, record.cached ? "yes" : "no", record.rows_in,
                  record.rows_out, record.seconds, record.cpu_seconds);
  for (const auto& [name, count] : record.counts) out += fmt::format("{} {}\n", name, count);
  for (const std::string& note : record.notes) out += note + "\n";
  for (const SetAside& one : record.set_aside) {
    out +=
        fmt::format("set aside: {}: {} rows, {:.2f} of spend\n", one.reason, one.rows, one.spend);
  }
  return out;
}

std::string StagesJson(const std::vector<StageRecord>& records) {
  nlohmann::ordered_json out = nlohmann::ordered_json::array();
  for (const StageRecord& record : records) {
    nlohmann::ordered_json one = {{"name", record.name},
                                  {"rows_in", record.rows_in},
                                  {"rows_out", record.rows_out},
                                  {"seconds", record.seconds},
                                  {"cpu_seconds", record.cpu_seconds},
                                  {"bytes_read", record.bytes_read},
                                  {"bytes_stored", record.bytes_stored},
                                  {"bytes_transferred", record.bytes_transferred},
                                  {"cached", record.cached},
                                  {"digest", record.digest},
                                  {"key", record.key}};
    nlohmann::ordered_json counts = nlohmann::ordered_json::object();
    for (const auto& [name, count] : record.counts) counts[name] = count;
    one["counts"] = std::move(counts);
    if (record.net_spend) one["spend"] = *record.net_spend;
    if (!record.notes.empty()) one["notes"] = record.notes;
    if (!record.set_aside.empty()) one["set_aside"] = SetAsideJson(record.set_aside);
    out.push_back(std::move(one));
  }
  return out.dump(2) + "\n";
}

}  // namespace cairn::pipeline

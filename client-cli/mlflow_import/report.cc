#include "client-cli/mlflow_import/report.h"

#include <algorithm>

namespace cairn::mlflow_import {
namespace {

constexpr std::array kNames = {
    std::string_view("experiments"),    std::string_view("experiment tags"),
    std::string_view("runs"),           std::string_view("parameters"),
    std::string_view("run tags"),       std::string_view("data sets and models read"),
    std::string_view("metrics"),        std::string_view("metric points"),
    std::string_view("logged models"),  std::string_view("files"),
    std::string_view("bytes of files"), std::string_view("registered models"),
    std::string_view("model versions"), std::string_view("aliases"),
};
static_assert(kNames.size() == static_cast<size_t>(Counted::kEnd));

}  // namespace

std::string_view NameOf(Counted what) { return kNames[static_cast<size_t>(what)]; }

void Report::Compare(Counted what, bool is_there, bool is_same) {
  Tally& tally = of(what);
  ++tally.source;
  if (is_there) ++tally.target;
  if (!is_there || !is_same) ++tally.differs;
}

void Report::LeaveOut(std::string what, std::string_view why) {
  left_out_.push_back({std::move(what), std::string(why)});
}

void Report::LeaveOut(std::string what, const absl::Status& why) {
  left_out_.push_back({std::move(what), std::string(why.message())});
}

void Report::Note(std::string text) {
  if (std::find(notes_.begin(), notes_.end(), text) == notes_.end()) {
    notes_.push_back(std::move(text));
  }
}

bool Report::IsComplete() const {
  return left_out_.empty() && std::all_of(tallies_.begin(), tallies_.end(),
                                          [](const Tally& tally) { return tally.differs == 0; });
}

nlohmann::ordered_json Report::ToJson() const {
  nlohmann::ordered_json counts;
  for (size_t i = 0; i < kNames.size(); ++i) {
    const Tally& tally = tallies_[i];
    counts[std::string(kNames[i])] = {
        {"mlflow", tally.source}, {"cairn", tally.target}, {"differs", tally.differs}};
  }
  auto left = nlohmann::ordered_json::array();
  for (const LeftOut& thing : left_out_) left.push_back({{"what", thing.what}, {"why", thing.why}});
  return {
      {"complete", IsComplete()},
      {"counts", counts},
      {"already_there", unread_runs},
      {"new",
       {{"runs", new_runs}, {"points", new_points}, {"files", new_files}, {"bytes", new_bytes}}},
      {"left_out", left},
      {"notes", notes_}};
}

}  // namespace cairn::mlflow_import

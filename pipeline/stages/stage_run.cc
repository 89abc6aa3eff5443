#include "pipeline/stages/stage_run.h"

#include <algorithm>
#include <utility>

#include "lib/base/digest.h"
#include "lib/base/status_macros.h"
#include "pipeline/stages/segment_identity.h"
#include "pipeline/stages/stage_graph.h"

namespace cairn::pipeline {

SharedText Share(std::string text) { return std::make_shared<const std::string>(std::move(text)); }

absl::Status StageRun::ReadInput() {
  CAIRN_ASSIGN_OR_RETURN(InputBytes input, InputBytes::Read(request_.data));
  input_ = std::make_shared<const InputBytes>(std::move(input));
  outcome_.input = input_->digest();
  return absl::OkStatus();
}

std::string StageRun::Key(std::string_view stage) const {
  return StageKey(stage, config_, outcome_.input.Hex());
}

void StageRun::Follow(Champion champion) {
  config_.segments_after = ChampionDigest(champion);
  champion_ = std::move(champion);
}

void StageRun::Record(StageRecord record) {
  for (const std::string& note : record.notes) Print(note);
  if (observer_.stage) observer_.stage(record);
  outcome_.stages.push_back(std::move(record));
}

std::vector<StageRecord>::const_iterator StageRun::Find(std::string_view stage) const {
  return std::find_if(outcome_.stages.begin(), outcome_.stages.end(),
                      [stage](const StageRecord& record) { return record.name == stage; });
}

const StageRecord& StageRun::RecordOf(std::string_view stage) const { return *Find(stage); }

std::vector<StageRecord> StageRun::RecordsFrom(std::string_view first,
                                               std::string_view last) const {
  return {Find(first), Find(last) + 1};
}

void StageRun::Print(const std::string& line) const {
  if (observer_.input) observer_.input(line);
}

void StageRun::Tell(const StageProgress& progress) const {
  if (observer_.progress) observer_.progress(progress);
}

const std::string& StageRun::Write(const std::string& name, std::string text) {
  SharedText& held = texts_[name];
  held = Share(std::move(text));
  if (out_.enabled()) bytes_written_ += static_cast<int64_t>(held->size());
  out_.Write(name, held);
  return *held;
}

}  // namespace cairn::pipeline

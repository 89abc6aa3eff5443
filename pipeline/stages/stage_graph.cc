#include "pipeline/stages/stage_graph.h"

#include <fmt/format.h>

#include <map>
#include <utility>

#include "lib/base/digest.h"
#include "lib/base/errors.h"
#include "lib/base/nearest.h"

namespace cairn::pipeline {

EncodeJob Encoded(std::string bytes) {
  return [bytes = std::move(bytes)]() mutable { return std::move(bytes); };
}

absl::StatusOr<int> StageIndex(std::string_view name) {
  std::vector<std::string> known;
  std::string list;
  for (size_t i = 0; i < StageGraph().size(); ++i) {
    const std::string_view stage = StageGraph()[i].name;
    if (stage == name) return static_cast<int>(i);
    known.emplace_back(stage);
    list += (list.empty() ? "" : ", ") + std::string(stage);
  }
  const std::string near = Nearest(name, known);
  return InvalidField(ErrorReason::CONFIG_INVALID, "stage", name,
                      near.empty() ? fmt::format("must be one of {}", list)
                                   : fmt::format("no such stage; did you mean `{}`?", near))
      .ToStatus();
}

std::string StageKey(std::string_view stage, const PipelineConfig& config,
                     std::string_view input_sha256) {
  std::map<std::string_view, std::string> keys;
  for (const StageInfo& info : StageGraph()) {
    std::string text = fmt::format("cairn.stage.v1\n{}\n{}\n{}\n", info.name, info.version,
                                   info.settings == nullptr ? "" : info.settings(config));
    if (info.inputs.empty()) text += input_sha256;
    for (const std::string_view input : info.inputs) text += keys[input] + "\n";
    keys[info.name] = Sha256Hex(text);
    if (info.name == stage) break;
  }
  return keys[stage];
}

}  // namespace cairn::pipeline

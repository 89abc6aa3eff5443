#include <algorithm>

#include "lib/base/status_macros.h"
#include "pipeline/data/byte_source.h"
#include "pipeline/stages/cached_tables.h"
#include "pipeline/stages/runner.h"
#include "pipeline/stages/stage_cache.h"

namespace cairn::pipeline {
namespace {

// The stage under whose name the cache keeps what `stage` comes to; empty when nothing is kept.
std::string_view KeptUnder(std::string_view stage) {
  if (stage == "correlation" || stage == "outliers") return stage;
  if (stage == "scale" || stage == "pca") return "pca";
  if (stage == "sweep" || stage == "evaluate") return "evaluate";
  if (stage == "features") return stage;
  return "";
}

// The place of the last stage up to `zero_price` whose table need not be made; -1 for none. What
// was cleaned is not needed at all while its features are kept.
int LastTable(const StageCache& cache, const PipelineConfig& config, const std::string& sha256,
              int forced_from) {
  const int cleaned = *StageIndex("zero_price");
  if (forced_from > cleaned &&
      cache.Load("features", StageKey("features", config, sha256)).has_value())
    return cleaned;
  return LastCachedTable(cache, config, sha256, forced_from).value_or(-1);
}

}  // namespace

absl::StatusOr<std::vector<PlanLine>> PlanPipeline(const RunRequest& request, bool with_server) {
  CAIRN_RETURN_IF_ERROR(CheckConfig(request.config));
  int from = static_cast<int>(StageGraph().size());
  int only = -1;
  if (!request.from.empty()) {
    CAIRN_ASSIGN_OR_RETURN(from, StageIndex(request.from));
  }
  if (!request.only.empty()) {
    CAIRN_ASSIGN_OR_RETURN(only, StageIndex(request.only));
  }
  CAIRN_ASSIGN_OR_RETURN(const InputBytes input, InputBytes::Read(request.data));
  const std::string sha256 = DigestOf(input.view()).Hex();
  const StageCache cache(request.out);
  const int forced_from = request.force ? 0 : (only >= 0 ? std::min(from, only) : from);
  const int last_table = LastTable(cache, request.config, sha256, forced_from);
  std::vector<PlanLine> lines;
  for (int i = 0; i < static_cast<int>(StageGraph().size()); ++i) {
    const StageInfo& info = StageGraph()[static_cast<size_t>(i)];
    PlanLine line{&info, StageKey(info.name, request.config, sha256), "run"};
    const std::string_view kept = KeptUnder(info.name);
    const bool forced = request.force || i >= from || i == only;
    if ((only >= 0 && i > only) || (info.name == "register" && !with_server)) {
      line.action = "skip";
    } else if (!forced && i <= last_table) {
      line.action = "cached";
    } else if (!forced && !kept.empty() &&
               cache.Load(kept, StageKey(kept, request.config, sha256)).has_value()) {
      line.action = "cached";
    }
    lines.push_back(std::move(line));
  }
  return lines;
}

}  // namespace cairn::pipeline

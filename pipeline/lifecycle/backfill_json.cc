#include <cmath>
#include <nlohmann/json.hpp>

#include "pipeline/lifecycle/backfill.h"

namespace cairn::pipeline {
namespace {

using Json = nlohmann::ordered_json;

Json SegmentObjects(const std::vector<ServedSegment>& segments) {
  Json out = Json::array();
  for (const ServedSegment& segment : segments) {
    out.push_back({{"segment", segment.number},
                   {"segment_name", segment.name},
                   {"customers", segment.customers},
                   {"customer_share", segment.customer_share},
                   {"spend", segment.spend},
                   {"spend_share", segment.spend_share}});
  }
  return out;
}

Json FlowObjects(const std::vector<SegmentFlow>& flows) {
  Json out = Json::array();
  for (const SegmentFlow& flow : flows) {
    out.push_back({{"from", flow.from.empty() ? Json(nullptr) : Json(flow.from)},
                   {"to", flow.to.empty() ? Json(nullptr) : Json(flow.to)},
                   {"customers", flow.customers},
                   {"spend", flow.spend}});
  }
  return out;
}

// Data that was held back has failed its checks; where nothing was asked nothing was said.
std::string VerdictText(const RetrainResult& turn) {
  if (turn.decision) return VerdictWord(*turn.decision);
  return turn.outcome == RetrainOutcome::kHeldBack ? "FAIL" : "SKIPPED";
}

Json MonthObject(const BackfillMonth& month) {
  const RetrainResult& turn = month.turn;
  Json out = {{"month", month.month},
              {"verdict", VerdictText(turn)},
              {"outcome", turn.outcome_word},
              {"reasons", turn.reasons},
              {"rows", month.rows},
              {"customers", month.customers},
              {"spend", month.spend},
              {"champion_before", turn.champion_before},
              {"champion", month.served_version},
              {"versions", turn.versions},
              {"decision", turn.decision ? Json(turn.decision->name()) : Json(nullptr)},
              {"drift_run", turn.drift_run},
              {"drift", Json::parse(DriftJson(turn.drift))},
              {"segments", SegmentObjects(month.segments)},
              {"migration", FlowObjects(month.flows)}};
  out["same_name_share"] = month.same_name_share ? Json(*month.same_name_share) : Json(nullptr);
  return out;
}

}  // namespace

std::string BackfillJson(const std::vector<BackfillMonth>& months) {
  Json out = Json::array();
  for (const BackfillMonth& month : months) out.push_back(MonthObject(month));
  return out.dump(1, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace cairn::pipeline

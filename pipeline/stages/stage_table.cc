// All stages in one table. A new stage adds its header and its row.

#include "pipeline/stages/cleaning_stages.h"
#include "pipeline/stages/correlation_stage.h"
#include "pipeline/stages/features_stage.h"
#include "pipeline/stages/load_stage.h"
#include "pipeline/stages/outliers_stage.h"
#include "pipeline/stages/preparation_stages.h"
#include "pipeline/stages/profile_stage.h"
#include "pipeline/stages/register_stage.h"
#include "pipeline/stages/select_stage.h"
#include "pipeline/stages/stability_stage.h"
#include "pipeline/stages/stage_graph.h"
#include "pipeline/stages/training_stages.h"

namespace cairn::pipeline {

// clang-format off
const std::vector<StageInfo>& StageGraph() {
  static const auto* const graph = new std::vector<StageInfo>{
      {"load", 3, {}, "read the transactions, set bad rows aside",
       LoadSettings, LoadWork()},
      {"missing_values", 1, {"load"}, "drop rows without customer or description",
       nullptr, CleaningWork()},
      {"duplicates", 1, {"missing_values"}, "keep the first of equal rows",
       nullptr, CleaningWork()},
      {"transaction_status", 1, {"duplicates"}, "mark cancelled invoices",
       nullptr, CleaningWork()},
      {"stock_codes", 1, {"transaction_status"}, "drop codes that are no goods",
       StockCodesSettings, CleaningWork()},
      {"descriptions", 1, {"stock_codes"}, "drop service lines, normalise the text",
       nullptr, CleaningWork()},
      {"zero_price", 1, {"descriptions"}, "drop rows without a price",
       nullptr, LastCleaningWork()},
      {"features", 1, {"zero_price"}, "one row of fifteen features per customer",
       FeaturesSettings, FeaturesWork()},
      {"correlation", 1, {"features"}, "Pearson and Spearman between the features",
       nullptr, CorrelationWork()},
      {"outliers", 1, {"features"}, "isolation forest",
       OutlierTreatment, OutliersWork()},
      {"scale", 1, {"features", "outliers"}, "fit and apply the scaling of each column",
       ScaleSettings, ScaleWork()},
      {"pca", 1, {"scale"}, "project on the components that explain enough",
       PcaSettings, PcaWork()},
      {"correlation_prepared", 1, {"scale"}, "the same between the columns that are trained on",
       nullptr, PreparedCorrelationWork()},
      {"sweep", 2, {"pca"}, "train every point of the grid",
       SweepSettings, SweepWork()},
      {"evaluate", 3, {"sweep"}, "indices on the training rows and on all customers",
       EvaluateSettings, EvaluateWork()},
      {"stability", 1, {"evaluate"}, "how far the segments of a k depend on the seed",
       nullptr, StabilityWork()},
      {"select", 2, {"evaluate", "stability"}, "table of k, and the k that is chosen",
       SelectSettings, SelectWork()},
      {"profile", 1, {"zero_price", "correlation", "correlation_prepared", "select"},
       "what customers are like, what to recommend, and the report",
       ProfileSettings, ProfileWork()},
      {"register", 1, {"select", "profile"}, "data sets, runs and model versions on the server",
       nullptr, RegisterWork()},
  };
  return *graph;
}
// clang-format on

}  // namespace cairn::pipeline

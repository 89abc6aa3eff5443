#include "pipeline/serving/serving_metrics.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/pipeline_serving/serving_models.h"

namespace cairn::pipeline::serving {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

http::RequestRecord Answered(const std::string& pattern, int status,
                             std::chrono::nanoseconds took) {
  http::RequestRecord record;
  record.pattern = pattern;
  record.status = status;
  record.duration = took;
  return record;
}

TEST(ServingMetricsTest, RequestsAreCountedByRouteAndCodeWithTheirTimes) {
  ServingMetrics metrics;
  metrics.CountRequest(Answered("/predict", 200, std::chrono::microseconds(150)));
  metrics.CountRequest(Answered("/predict", 200, std::chrono::microseconds(1500)));
  metrics.CountRequest(Answered("/predict", 400, std::chrono::seconds(60)));
  metrics.CountRequest(Answered("", 404, std::chrono::microseconds(1)));
  const std::string text = metrics.ToPrometheusText({});
  EXPECT_THAT(text, HasSubstr("cairn_serving_requests_total{route=\"/predict\",code=\"200\"} 2\n"));
  EXPECT_THAT(text, HasSubstr("cairn_serving_requests_total{route=\"/predict\",code=\"400\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("cairn_serving_requests_total{route=\"other\",code=\"404\"} 1\n"));
  const std::string bucket = "cairn_serving_request_seconds_bucket{route=\"/predict\",le=";
  EXPECT_THAT(text, HasSubstr(bucket + "\"0.0001\"} 0\n"));
  EXPECT_THAT(text, HasSubstr(bucket + "\"0.0002\"} 1\n"));
  EXPECT_THAT(text, HasSubstr(bucket + "\"10\"} 2\n"));
  EXPECT_THAT(text, HasSubstr(bucket + "\"+Inf\"} 3\n"));
  EXPECT_THAT(text, HasSubstr("cairn_serving_request_seconds_count{route=\"/predict\"} 3\n"));
}

TEST(ServingMetricsTest, PredictionsAreCountedBySegment) {
  ServingMetrics metrics;
  metrics.CountPredictions(*ServedSmallModel(), std::vector<int32_t>{0, 2, 2});
  const std::string text = metrics.ToPrometheusText({});
  EXPECT_THAT(text, HasSubstr("cairn_serving_predictions_total{segment=\"0\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("cairn_serving_predictions_total{segment=\"1\"} 0\n"));
  EXPECT_THAT(text, HasSubstr("cairn_serving_predictions_total{segment=\"2\"} 2\n"));
}

TEST(ServingMetricsTest, TheModelAndTheLogAreTold) {
  ServingMetrics metrics;
  EXPECT_THAT(metrics.ToPrometheusText({}), HasSubstr("cairn_serving_model_up 0\n"));
  EXPECT_THAT(metrics.ToPrometheusText({}), Not(HasSubstr("cairn_serving_following")));
  metrics.CountLoad(true, false);
  metrics.CountLoad(true, true);
  metrics.CountLoad(false, false);
  metrics.SetFollowing(true);
  const ModelPtr model = ServedSmallModel("v\"1");
  const std::string text = metrics.ToPrometheusText({model, 5, 10, std::nullopt});
  EXPECT_THAT(text, HasSubstr("cairn_serving_model_info{version=\"v\\\"1\",sha256=\"" +
                              model->sha256() + "\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("cairn_serving_model_loads_total{result=\"loaded\"} 2\n"));
  EXPECT_THAT(text, HasSubstr("cairn_serving_model_loads_total{result=\"failed\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("cairn_serving_model_swaps_total 1\n"));
  EXPECT_THAT(text, HasSubstr("cairn_serving_model_loaded_timestamp_seconds 1600000000.000\n"));
  EXPECT_THAT(text, HasSubstr("cairn_serving_following 1\n"));
  EXPECT_THAT(text, HasSubstr("cairn_serving_log_predictions 5\n"));
  EXPECT_THAT(text, HasSubstr("cairn_serving_log_capacity 10\n"));
}

TEST(ServingMetricsTest, TheFileOfTheLogIsToldWhereThereIsOne) {
  const ServingMetrics metrics;
  EXPECT_THAT(metrics.ToPrometheusText({}), Not(HasSubstr("log_file")));
  const std::string text = metrics.ToPrometheusText({.log_file = LogFileCounts{7, 5, 3, 1}});
  EXPECT_THAT(text, HasSubstr("cairn_serving_log_file_rows_total{result=\"written\"} 7\n"));
  EXPECT_THAT(text, HasSubstr("cairn_serving_log_file_rows_total{result=\"dropped\"} 5\n"));
  EXPECT_THAT(text, HasSubstr("cairn_serving_log_file_rows_total{result=\"failed\"} 3\n"));
  EXPECT_THAT(text, HasSubstr("cairn_serving_log_file_errors_total 1\n"));
}

}  // namespace
}  // namespace cairn::pipeline::serving

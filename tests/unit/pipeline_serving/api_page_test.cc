#include "pipeline/serving/api_page.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "pipeline/serving/routes.h"
#include "tests/unit/pipeline_serving/serving_models.h"

namespace cairn::pipeline::serving {
namespace {

TEST(ApiPageTest, TheDescriptionHasEveryRouteAndTheModelsColumns) {
  PredictionService service({});
  const auto router = MakeRoutes(service);
  ASSERT_TRUE(router.ok()) << router.status();
  const auto api = nlohmann::json::parse(OpenApiJson(ServedSmallModel().get(), 7));
  EXPECT_EQ(api["paths"].size(), router->routes().size());
  for (const http::Route* route : router->routes()) {
    const std::string method = route->method == "POST" ? "post" : "get";
    EXPECT_TRUE(api["paths"][route->pattern].contains(method)) << route->pattern;
  }
  const auto& schemas = api["components"]["schemas"];
  EXPECT_EQ(schemas["Instance"]["required"], nlohmann::json({"spend", "items", "gap", "hour"}));
  EXPECT_EQ(schemas["Instances"]["properties"]["instances"]["maxItems"], 7);
  EXPECT_TRUE(nlohmann::json::accept(OpenApiJson(nullptr, 7)));
}

TEST(ApiPageTest, ThePageShowsSegmentsAndEscapesTheirNames) {
  cairn::v1::SegmentationModel model = model::SmallModel();
  for (const char* name : {"<b>", "Regulars", "Guests"}) model.add_segments()->set_name(name);
  const auto served = ServedModel::Load(FileOf(model), "v", kLoaded);
  ASSERT_TRUE(served.ok());
  const std::string page = ApiPage(served->get());
  EXPECT_NE(page.find("<td>&lt;b&gt;</td>"), std::string::npos);
  EXPECT_NE(page.find("<code>/predict</code>"), std::string::npos);
  EXPECT_EQ(page.find("<script"), std::string::npos);
  EXPECT_NE(ApiPage(nullptr).find("No model serves yet"), std::string::npos);
}

}  // namespace
}  // namespace cairn::pipeline::serving

#include "lib/model_formats/mlflow_model.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <yaml-cpp/yaml.h>

#include <map>
#include <nlohmann/json.hpp>

#include "lib/base/digest.h"
#include "lib/model/model_file.h"
#include "lib/model_formats/onnx_model.h"
#include "tests/testing/status_matchers.h"
#include "tests/unit/model/test_model.h"

namespace cairn::model_formats {
namespace {

using cairn::testing::StatusIs;
using ::testing::ElementsAre;
using ::testing::Pair;

constexpr int64_t kCreated = 1'323'435'000'250'000'999;  // 2011-12-09 12:50:00.25

std::map<std::string, std::string> FilesOf(const SegmentationModel& model) {
  std::map<std::string, std::string> out;
  const std::vector<FormatFile> files = MlflowModel(model, kCreated).value();
  for (const FormatFile& file : files) out[file.path] = file.bytes;
  return out;
}

std::vector<std::pair<std::string, std::string>> ColumnsOf(const YAML::Node& schema) {
  std::vector<std::pair<std::string, std::string>> out;
  for (const auto& column : nlohmann::json::parse(schema.as<std::string>())) {
    EXPECT_EQ(column["required"], true);
    out.emplace_back(column["name"], column["type"]);
  }
  return out;
}

TEST(MlflowModelTest, TheDirectoryHasWhatMlflowLooksFor) {
  const SegmentationModel model = model::SmallModel();
  auto files = FilesOf(model);
  EXPECT_EQ(files.size(), 5u);
  const YAML::Node root = YAML::Load(files["MLmodel"]);
  const YAML::Node loader = root["flavors"]["python_function"];
  EXPECT_EQ(loader["loader_module"].as<std::string>(), "mlflow.onnx");
  EXPECT_EQ(files[loader["data"].as<std::string>()], OnnxColumnModel(model).value());
  EXPECT_EQ(root["flavors"]["onnx"]["data"].as<std::string>(), "model.onnx");
  EXPECT_EQ(root["model_size_bytes"].as<size_t>(), files["model.onnx"].size());
  for (const auto& environment : loader["env"]) {
    EXPECT_TRUE(files.contains(environment.second.as<std::string>()));
  }
  EXPECT_EQ(YAML::Load(files["python_env.yaml"])["dependencies"][0].as<std::string>(),
            "-r requirements.txt");
  EXPECT_EQ(YAML::Load(files["conda.yaml"])["dependencies"][2]["pip"].size(), 3u);
}

TEST(MlflowModelTest, TheSignatureNamesFeaturesAndWhatComesOut) {
  SegmentationModel model = model::SmallModel();
  model.mutable_features(1)->set_name("it's \"ü\"\n: #");
  auto signature = YAML::Load(FilesOf(model)["MLmodel"])["signature"];
  EXPECT_THAT(ColumnsOf(signature["inputs"]),
              ElementsAre(Pair("spend", "double"), Pair("it's \"ü\"\n: #", "double"),
                          Pair("gap", "double"), Pair("hour", "double")));
  EXPECT_THAT(ColumnsOf(signature["outputs"]),
              ElementsAre(Pair("segment", "long"), Pair("distance", "double")));
  for (const char* name : {"a", "b", "c"}) model.add_segments()->set_name(name);
  signature = YAML::Load(FilesOf(model)["MLmodel"])["signature"];
  EXPECT_THAT(ColumnsOf(signature["outputs"]).at(1), Pair("segment_name", "string"));
}

TEST(MlflowModelTest, IdentityAndTimeComeFromTheModelAndTheArgument) {
  const SegmentationModel model = model::SmallModel();
  const YAML::Node root = YAML::Load(FilesOf(model)["MLmodel"]);
  const std::string sha256 = Sha256Hex(model::SerializeModel(model).value());
  EXPECT_EQ(root["model_uuid"].as<std::string>(), sha256.substr(0, 32));
  EXPECT_EQ(root["metadata"]["cairn_model_sha256"].as<std::string>(), sha256);
  EXPECT_EQ(root["utc_time_created"].as<std::string>(), "2011-12-09 12:50:00.250");
  EXPECT_EQ(FilesOf(model), FilesOf(model));
}

TEST(MlflowModelTest, AModelThatIsInvalidIsRefused) {
  SegmentationModel model = model::SmallModel();
  model.clear_features();
  EXPECT_THAT(MlflowModel(model, kCreated), StatusIs(absl::StatusCode::kInvalidArgument));
}

}  // namespace
}  // namespace cairn::model_formats

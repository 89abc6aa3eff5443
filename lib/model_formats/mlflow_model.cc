#include "lib/model_formats/mlflow_model.h"

#include <nlohmann/json.hpp>
#include <string_view>
#include <utility>

#include "fmt/format.h"
#include "lib/base/clock.h"
#include "lib/base/digest.h"
#include "lib/base/status_macros.h"
#include "lib/model/model_file.h"
#include "lib/model_formats/onnx_model.h"

namespace cairn::model_formats {
namespace {

using Json = nlohmann::ordered_json;

// What the layout was taken from and checked against (scripts/check-model-formats). MLflow warns
// where another minor version of Python loads a model, and then loads it.
constexpr std::string_view kMlflowVersion = "3.17.2";
constexpr std::string_view kPythonVersion = "3.11.7";
constexpr std::string_view kOnnxVersion = "1.23.2";

constexpr std::string_view kRequirements[] = {"mlflow>=2.9,<4", "onnx>=1.14,<2",
                                              "onnxruntime>=1.15,<2"};

// A text as YAML takes it whatever is in it.
std::string Quoted(std::string_view text) {
  std::string out = "'";
  for (const char c : text) out += c == '\'' ? std::string("''") : std::string(1, c);
  return out + "'";
}

Json Column(std::string_view type, const std::string& name) {
  return {{"type", type}, {"name", name}, {"required", true}};
}

// ASCII, as the control characters that JSON may have unescaped are none of YAML's.
std::string SchemaText(const Json& columns) {
  return Quoted(columns.dump(-1, ' ', true, Json::error_handler_t::replace));
}

std::string InputSchema(const SegmentationModel& model) {
  Json columns = Json::array();
  for (const auto& feature : model.features()) columns.push_back(Column("double", feature.name()));
  return SchemaText(columns);
}

std::string OutputSchema(const SegmentationModel& model) {
  Json columns = Json::array({Column("long", "segment")});
  if (!model.segments().empty()) columns.push_back(Column("string", "segment_name"));
  columns.push_back(Column("double", "distance"));
  return SchemaText(columns);
}

// As Python prints a time without a zone.
std::string CreatedText(int64_t unix_nanos) {
  std::string text = FormatRfc3339(unix_nanos - unix_nanos % 1000);
  if (const size_t mark = text.find('T'); mark != std::string::npos) text[mark] = ' ';
  if (text.ends_with('Z')) text.pop_back();
  return Quoted(text);
}

std::string MlmodelText(const SegmentationModel& model, std::string_view sha256, size_t onnx_bytes,
                        int64_t unix_nanos) {
  return fmt::format(
      "flavors:\n"
      "  onnx:\n"
      "    code: null\n"
      "    data: {file}\n"
      "    onnx_session_options: null\n"
      "    onnx_version: {onnx}\n"
      "    providers:\n"
      "    - CPUExecutionProvider\n"
      "  python_function:\n"
      "    data: {file}\n"
      "    env:\n"
      "      conda: conda.yaml\n"
      "      virtualenv: python_env.yaml\n"
      "    loader_module: mlflow.onnx\n"
      "    python_version: {python}\n"
      "metadata:\n"
      "  cairn_model_sha256: '{sha256}'\n"
      "  cairn_evaluation_space: {space}\n"
      "  cairn_feature_schema: {schema}\n"
      "mlflow_version: {mlflow}\n"
      "model_size_bytes: {size}\n"
      "model_uuid: '{uuid}'\n"
      "signature:\n"
      "  inputs: {inputs}\n"
      "  outputs: {outputs}\n"
      "  params: null\n"
      "utc_time_created: {created}\n",
      fmt::arg("file", kOnnxFileName), fmt::arg("onnx", kOnnxVersion),
      fmt::arg("python", kPythonVersion), fmt::arg("sha256", sha256),
      fmt::arg("space", Quoted(model.evaluation_space())),
      fmt::arg("schema", Quoted(model.feature_schema())), fmt::arg("mlflow", kMlflowVersion),
      fmt::arg("size", onnx_bytes), fmt::arg("uuid", sha256.substr(0, 32)),
      fmt::arg("inputs", InputSchema(model)), fmt::arg("outputs", OutputSchema(model)),
      fmt::arg("created", CreatedText(unix_nanos)));
}

std::string RequirementsText(std::string_view prefix) {
  std::string text;
  for (const std::string_view requirement : kRequirements) {
    text += fmt::format("{}{}\n", prefix, requirement);
  }
  return text;
}

std::string CondaText() {
  return fmt::format(
      "channels:\n- conda-forge\ndependencies:\n- python={}\n- pip\n- pip:\n{}name: mlflow-env\n",
      kPythonVersion, RequirementsText("  - "));
}

std::string PythonEnvText() {
  return fmt::format(
      "python: {}\nbuild_dependencies:\n- pip\n- setuptools\n- wheel\ndependencies:\n"
      "- -r requirements.txt\n",
      kPythonVersion);
}

}  // namespace

absl::StatusOr<std::vector<FormatFile>> MlflowModel(const SegmentationModel& model,
                                                    int64_t unix_nanos) {
  CAIRN_ASSIGN_OR_RETURN(const std::string native_file, model::SerializeModel(model));
  CAIRN_ASSIGN_OR_RETURN(std::string onnx, OnnxColumnModel(model));
  std::vector<FormatFile> files;
  files.push_back({"MLmodel", MlmodelText(model, Sha256Hex(native_file), onnx.size(), unix_nanos)});
  files.push_back({std::string(kOnnxFileName), std::move(onnx)});
  files.push_back({"conda.yaml", CondaText()});
  files.push_back({"python_env.yaml", PythonEnvText()});
  files.push_back({"requirements.txt", RequirementsText("")});
  return files;
}

}  // namespace cairn::model_formats

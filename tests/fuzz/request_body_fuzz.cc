// Any bytes may be sent to be predicted: reading them must end with rows of finite numbers or an
// error, as JSON and as CSV, and the same rows written again must be read as the same.

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <string>

#include "lib/base/encoding.h"
#include "lib/model/model_file.h"
#include "pipeline/serving/request_body.h"
#include "tests/unit/model/test_model.h"

namespace {

using cairn::pipeline::serving::FeatureRows;
using cairn::pipeline::serving::ModelPtr;
using cairn::pipeline::serving::ReadCsvBody;
using cairn::pipeline::serving::ReadJsonBody;
using cairn::pipeline::serving::ServedModel;

constexpr size_t kMostInstances = 64;

void CheckRows(const FeatureRows& rows, const ServedModel& model) {
  const size_t width = model.columns().size();
  if (rows.count == 0 || rows.count > kMostInstances || rows.values.size() != rows.count * width) {
    std::abort();
  }
  std::string body = "{\"instances\":[";
  for (size_t i = 0; i < rows.count; ++i) {
    body += i == 0 ? "[" : ",[";
    for (size_t j = 0; j < width; ++j) {
      if (!std::isfinite(rows.values[i * width + j])) std::abort();
      body += (j == 0 ? "" : ",") + cairn::ShortestDouble(rows.values[i * width + j]);
    }
    body += "]";
  }
  FeatureRows again;
  if (!ReadJsonBody(body + "]}", model, kMostInstances, &again).ok()) std::abort();
  if (std::memcmp(again.values.data(), rows.values.data(), rows.values.size() * sizeof(double)) !=
      0) {
    std::abort();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const ModelPtr model =
      *ServedModel::Load(*cairn::model::SerializeModel(cairn::model::SmallModel()), "fuzz", 0);
  const std::string body(reinterpret_cast<const char*>(data), size);
  FeatureRows rows;
  if (ReadJsonBody(body, *model, kMostInstances, &rows).ok()) CheckRows(rows, *model);
  if (ReadCsvBody(body, *model, kMostInstances, &rows).ok()) CheckRows(rows, *model);
  return 0;
}

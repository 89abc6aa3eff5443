// Any bytes may be sent to be predicted: reading them must end with rows of finite numbers or an
// error, as JSON and as CSV. What is read as JSON is JSON, and the same rows written again, whether
// one looks like the other or not, must be read as the same. A number that the body begins with is
// what std::from_chars says.

#include <charconv>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <nlohmann/json.hpp>
#include <string>
#include <system_error>

#include "lib/base/encoding.h"
#include "lib/model/model_file.h"
#include "pipeline/serving/json_number.h"
#include "pipeline/serving/request_body.h"
#include "tests/unit/model/test_model.h"

namespace {

using cairn::pipeline::serving::FeatureRows;
using cairn::pipeline::serving::kNumberRoom;
using cairn::pipeline::serving::ModelPtr;
using cairn::pipeline::serving::ReadCsvBody;
using cairn::pipeline::serving::ReadJsonBody;
using cairn::pipeline::serving::ReadNumber;
using cairn::pipeline::serving::ReadShortNumber;
using cairn::pipeline::serving::ServedModel;

constexpr size_t kMostInstances = 64;

void CheckNumber(const std::string& body) {
  const std::string text = body + std::string(kNumberRoom, '\0');
  double value = 0;
  double fast = 0;
  const char* const end = ReadNumber(text.data(), &value);
  const char* const fast_end = ReadShortNumber(text.data(), &fast);
  if (fast_end != nullptr && (fast_end != end || std::memcmp(&fast, &value, sizeof(fast)) != 0)) {
    std::abort();
  }
  if (end == nullptr) return;
  double expected = 0;
  const auto read = std::from_chars(text.data(), end, expected);
  if (read.ec == std::errc::result_out_of_range ? value != 0
                                                : read.ptr != end || value != expected) {
    std::abort();
  }
}

// One row, as an object or as an array.
std::string Written(const double* row, const ServedModel& model, bool object) {
  std::string out;
  for (size_t j = 0; j < model.columns().size(); ++j) {
    out += j == 0 ? (object ? "{" : "[") : ",";
    if (object) out += "\"" + model.columns()[j] + "\": ";
    out += cairn::ShortestDouble(row[j]);
  }
  return out + (object ? "}" : "]");
}

void CheckRows(const FeatureRows& rows, const ServedModel& model) {
  const size_t width = model.columns().size();
  if (rows.count == 0 || rows.count > kMostInstances || rows.values.size() != rows.count * width) {
    std::abort();
  }
  for (const double value : rows.values) {
    if (!std::isfinite(value)) std::abort();
  }
  // Every how manieth row is an object: all, each second, none.
  for (const size_t objects : {size_t{1}, size_t{2}, kMostInstances + 1}) {
    std::string body = "{\"instances\":[";
    for (size_t i = 0; i < rows.count; ++i) {
      if (i > 0) body += ",";
      body += Written(&rows.values[i * width], model, (i + 1) % objects == 0);
    }
    FeatureRows again;
    if (!ReadJsonBody(body + "]}", model, kMostInstances, &again).ok() ||
        std::memcmp(again.values.data(), rows.values.data(), rows.values.size() * sizeof(double)) !=
            0) {
      std::abort();
    }
  }
}

// Whether another reader takes it. That one refuses two things that may stand where nobody looks at
// them: halves of surrogates, and numbers that are too large for a double.
void CheckJson(const std::string& body) {
  if (body.find("\\ud") != std::string::npos || body.find("\\uD") != std::string::npos) return;
  try {
    if (!nlohmann::json::parse(body).is_object()) std::abort();
  } catch (const nlohmann::json::parse_error&) {
    std::abort();
  } catch (const nlohmann::json::out_of_range&) {
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const ModelPtr model =
      *ServedModel::Load(*cairn::model::SerializeModel(cairn::model::SmallModel()), "fuzz", 0);
  const std::string body(reinterpret_cast<const char*>(data), size);
  CheckNumber(body);
  FeatureRows rows;
  if (ReadJsonBody(body, *model, kMostInstances, &rows).ok()) {
    CheckJson(body);
    CheckRows(rows, *model);
  }
  if (ReadCsvBody(body, *model, kMostInstances, &rows).ok()) CheckRows(rows, *model);
  return 0;
}

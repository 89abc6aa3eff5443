#include "lib/mlflow/stored_names.h"

#include "fmt/format.h"
#include "lib/base/encoding.h"
#include "lib/base/ids.h"

namespace cairn::mlflow {
namespace {

constexpr std::string_view kModelPrefix = "m-";
constexpr std::string_view kOnDataset = "mlflow.dataset/";

}  // namespace

std::string ModelIdOf(std::string_view uid) { return fmt::format("{}{}", kModelPrefix, uid); }

std::optional<std::string> UidOfModelId(std::string_view model_id) {
  if (!model_id.starts_with(kModelPrefix)) return std::nullopt;
  const std::string_view uid = model_id.substr(kModelPrefix.size());
  return IsHexId(uid) ? std::optional(std::string(uid)) : std::nullopt;
}

std::string KeyOnDataset(const ModelMetricKey& metric) {
  if (metric.dataset_name.empty() || metric.dataset_digest.empty()) return "";
  std::string key = fmt::format("{}{}/{}/{}", kOnDataset, PercentEncode(metric.dataset_name),
                                PercentEncode(metric.dataset_digest), metric.key);
  return key.size() <= kMaxMetricKeyBytes ? key : "";
}

std::optional<ModelMetricKey> MetricOnDataset(std::string_view key) {
  if (!key.starts_with(kOnDataset)) return std::nullopt;
  key.remove_prefix(kOnDataset.size());
  const size_t name_end = key.find('/');
  const size_t digest_end = name_end == key.npos ? key.npos : key.find('/', name_end + 1);
  if (digest_end == key.npos) return std::nullopt;
  const auto name = PercentDecode(key.substr(0, name_end));
  const auto digest = PercentDecode(key.substr(name_end + 1, digest_end - name_end - 1));
  if (!name.has_value() || !digest.has_value()) return std::nullopt;
  return ModelMetricKey{std::string(key.substr(digest_end + 1)), *name, *digest};
}

}  // namespace cairn::mlflow

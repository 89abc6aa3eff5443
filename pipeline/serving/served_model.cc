#include "pipeline/serving/served_model.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "lib/base/digest.h"
#include "lib/base/encoding.h"
#include "lib/base/errors.h"
#include "lib/base/status_macros.h"
#include "pipeline/serving/answers.h"

namespace cairn::pipeline::serving {

absl::StatusOr<std::shared_ptr<const ServedModel>> ServedModel::Load(std::string_view bytes,
                                                                     std::string version,
                                                                     int64_t now_unix_nanos) {
  const bool plain = std::all_of(version.begin(), version.end(), [](char c) {
    return static_cast<unsigned char>(c) >= 0x20 && static_cast<unsigned char>(c) != 0x7f;
  });
  if (!plain) {
    return InvalidField(ErrorReason::VALUE_INVALID, "model", version,
                        "must not hold control characters, because answers carry it in a header")
        .ToStatus();
  }
  CAIRN_ASSIGN_OR_RETURN(model::Predictor predictor, model::Predictor::FromFile(bytes));
  return std::shared_ptr<const ServedModel>(
      new ServedModel(std::move(predictor), std::move(version), Sha256Hex(bytes), now_unix_nanos));
}

ServedModel::ServedModel(model::Predictor predictor, std::string version, std::string sha256,
                         int64_t now_unix_nanos)
    : predictor_(std::move(predictor)),
      scorer_(predictor_),
      version_(std::move(version)),
      sha256_(std::move(sha256)),
      loaded_unix_nanos_(now_unix_nanos) {
  const auto& model = predictor_.model();
  for (const auto& feature : model.features()) {
    places_.emplace(feature.name(), static_cast<int>(columns_.size()));
    columns_.push_back(feature.name());
  }
  for (int segment = 0; segment < predictor_.cluster_count(); ++segment) {
    const bool named = segment < model.segments_size() && !model.segments(segment).name().empty();
    names_.push_back(named ? model.segments(segment).name() : fmt::format("Segment {}", segment));
    prefixes_.push_back(fmt::format(R"({{"segment":{},"segment_name":{},"distance":)", segment,
                                    JsonText(names_.back())));
    longest_prefix_ = std::max(longest_prefix_, prefixes_.back().size());
  }
}

int ServedModel::ColumnOf(std::string_view name) const {
  const auto found = places_.find(name);
  return found == places_.end() ? -1 : found->second;
}

}  // namespace cairn::pipeline::serving

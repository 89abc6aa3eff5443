#ifndef CAIRN_SERVER_MLFLOW_REGISTRY_QUERY_H_
#define CAIRN_SERVER_MLFLOW_REGISTRY_QUERY_H_

#include <cstddef>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "cairn/v1/registry.pb.h"
#include "server/mlflow/filter.h"

namespace cairn::mlflow {

// A search of models or of versions: what is filtered by, and in which order.
//
//   models    name and tags (as text); by name, or ordered by name, timestamp or
//             last_updated_timestamp
//   versions  name, run_id, source_path, tags (as text), version_number (a number); the last
//   changed
//             first, or ordered by name, version_number, creation_timestamp or
//             last_updated_timestamp
//
// Texts take = != LIKE ILIKE, attributes IN as well, and tags IS [NOT] NULL. What lacks a tag never
// matches a comparison of it. Prompts, which clients keep as models, are found by their tag only. A
// value type; tags that are the gateway's own are not seen.
class RegistryQuery {
 public:
  enum class Kind { kModels, kVersions };

  // INVALID_PARAMETER_VALUE.
  static absl::StatusOr<RegistryQuery> Parse(Kind kind, std::string_view filter,
                                             const std::vector<std::string>& order_by);

  // Leaves those that match, in order.
  void Apply(std::vector<v1::Model>& models) const;
  void Apply(std::vector<v1::ModelVersion>& versions) const;

  bool Matches(const v1::Model& model) const;
  bool Matches(const v1::ModelVersion& version) const;

  // The only names that can match; nullopt if all can.
  std::optional<std::set<std::string>> Names() const;

  // Where a page begins, as clients carry it: of no use to another query, and "" is the begin.
  std::string PageToken(size_t offset) const;
  // INVALID_PARAMETER_VALUE.
  absl::StatusOr<size_t> OffsetOf(std::string_view token) const;

 private:
  bool ShowsPrompts() const;

  Kind kind_ = Kind::kModels;
  std::string digest_;
  std::vector<Clause> clauses_;
  std::vector<OrderItem> order_;
};

}  // namespace cairn::mlflow

#endif  // CAIRN_SERVER_MLFLOW_REGISTRY_QUERY_H_

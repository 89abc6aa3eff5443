#include "server/storage/old_event.h"

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "cairn/v1/registry.pb.h"
#include "server/storage/event_image.h"

namespace cairn::storage {
namespace {

v1::Event::Kind KindOf(std::string_view name) {
  static const auto& kinds = *new absl::flat_hash_map<std::string_view, v1::Event::Kind>{
      {"experiment.created", v1::Event::EXPERIMENT_CREATED},
      {"experiment.updated", v1::Event::EXPERIMENT_UPDATED},
      {"experiment.purged", v1::Event::EXPERIMENT_PURGED},
      {"run.created", v1::Event::RUN_CREATED},
      {"run.updated", v1::Event::RUN_UPDATED},
      {"run.finished", v1::Event::RUN_FINISHED},
      {"run.logged", v1::Event::RUN_LOGGED},
      {"run.metrics", v1::Event::RUN_METRICS},
      {"run.artifactsLogged", v1::Event::RUN_ARTIFACTS_LOGGED},
      {"run.artifactsDeleted", v1::Event::RUN_ARTIFACTS_DELETED},
      {"run.deleted", v1::Event::RUN_DELETED},
      {"run.undeleted", v1::Event::RUN_UNDELETED},
      {"run.purged", v1::Event::RUN_PURGED},
      {"run.heard", v1::Event::RUN_HEARD},
      {"run.resumed", v1::Event::RUN_RESUMED},
      {"dataset.created", v1::Event::DATASET_CREATED},
      {"dataset.updated", v1::Event::DATASET_UPDATED},
      {"datasetVersion.created", v1::Event::DATASET_VERSION_CREATED},
      {"datasetVersion.updated", v1::Event::DATASET_VERSION_UPDATED},
      {"datasetVersion.deleted", v1::Event::DATASET_VERSION_DELETED},
      {"datasetAlias.set", v1::Event::DATASET_ALIAS_SET},
      {"datasetAlias.deleted", v1::Event::DATASET_ALIAS_DELETED},
      {"model.created", v1::Event::MODEL_CREATED},
      {"model.deleted", v1::Event::MODEL_DELETED},
      {"modelVersion.created", v1::Event::MODEL_VERSION_CREATED},
      {"alias.set", v1::Event::ALIAS_SET},
      {"alias.deleted", v1::Event::ALIAS_DELETED},
      {"channel.moved", v1::Event::CHANNEL_MOVED},
      {"decision.made", v1::Event::DECISION_MADE},
      {"policy.applied", v1::Event::POLICY_APPLIED},
      {"operation.created", v1::Event::OPERATION_CREATED},
      {"operation.updated", v1::Event::OPERATION_UPDATED},
      {"operation.deleted", v1::Event::OPERATION_DELETED},
  };
  const auto found = kinds.find(name);
  return found == kinds.end() ? v1::Event::KIND_UNSPECIFIED : found->second;
}

// Each name was followed by a zero byte.
std::string MetricsFrom(std::string_view payload) {
  std::vector<std::string_view> names;
  for (size_t end = payload.find('\0'); end != std::string_view::npos; end = payload.find('\0')) {
    names.push_back(payload.substr(0, end));
    payload.remove_prefix(end + 1);
  }
  return payload.empty() ? MetricsImage(names) : "";
}

}  // namespace

Event FromOldEvent(const internal::EventRecord& record) {
  Event event{record.resource(), KindOf(record.kind()), {}, {}, 0};
  v1::Channel channel;
  if (event.kind == v1::Event::RUN_METRICS) {
    event.image = MetricsFrom(record.payload());
  } else if (event.kind == v1::Event::CHANNEL_MOVED && channel.ParseFromString(record.payload())) {
    event.image = ImageOf(channel);
  }
  return event;
}

}  // namespace cairn::storage

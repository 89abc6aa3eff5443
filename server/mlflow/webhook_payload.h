#ifndef CAIRN_SERVER_MLFLOW_WEBHOOK_PAYLOAD_H_
#define CAIRN_SERVER_MLFLOW_WEBHOOK_PAYLOAD_H_

#include <map>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "cairn/v1/registry.pb.h"
#include "server/storage/kv_store.h"
#include "server/webhooks/webhook.h"

namespace cairn::mlflow {

// What MLflow's webhooks are told of an event of the registry: the `data` of a message.
//
//   MODEL_CREATED          REGISTERED_MODEL.CREATED     name, tags, description
//   MODEL_VERSION_CREATED  MODEL_VERSION.CREATED        name, version, source, run_id, tags,
//                                                       description
//   MODEL_VERSION_UPDATED  MODEL_VERSION_TAG.SET, each  name, version, key, value
//                          MODEL_VERSION_TAG.DELETED    name, version, key
//   ALIAS_SET              MODEL_VERSION_ALIAS.CREATED  name, alias, version
//   ALIAS_DELETED          MODEL_VERSION_ALIAS.DELETED  name, alias
//
// Prompts, which are kept as models, have topics of their own: PROMPT, PROMPT_VERSION (with
// `template`, the text, and neither source nor run_id), PROMPT_VERSION_TAG and PROMPT_ALIAS.
//
// Texts that are not there are null. Tags are those that MLflow's clients see; of prompts without
// those that make them one.

// The messages of an event. Which tags changed follows from what the audit has of the version
// before; if that is gone with the version, all its tags are told as set. What else is needed is
// read at the snapshot. DATA_LOSS (RECORD_CORRUPT).
absl::StatusOr<std::vector<webhooks::Message>> MessagesOf(const storage::Snapshot& snapshot,
                                                          const storage::StoredEvent& event);

// The messages of a version whose tags were `before`. Pure.
std::vector<webhooks::Message> TagMessages(const v1::ModelVersion& version,
                                           const std::map<std::string, std::string>& before);

// One with names that are examples, for somebody who wants to see whether it comes. Pure.
webhooks::Message ExampleOf(const webhooks::Topic& topic);

}  // namespace cairn::mlflow

#endif  // CAIRN_SERVER_MLFLOW_WEBHOOK_PAYLOAD_H_

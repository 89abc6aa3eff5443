#include "pipeline/lifecycle/dataset_trigger.h"

#include <fmt/format.h>

#include <chrono>
#include <utility>

#include "lib/base/resource_names.h"
#include "lib/base/status_macros.h"

namespace cairn::pipeline {
namespace {

// How long the program may go on after it was told to stop.
constexpr std::chrono::milliseconds kLookEvery{250};

client::WatchOptions OptionsFor(const std::string& dataset) {
  client::WatchOptions options;
  options.resources = {DatasetName(dataset)};
  options.kinds = {v1::Event::DATASET_VERSION_CREATED};
  return options;
}

}  // namespace

DatasetTrigger::DatasetTrigger(client::Client& client, const std::string& dataset, WaitNanos wait)
    : latest_(DatasetName(dataset) + "/versions/latest"),
      wait_(std::move(wait)),
      watcher_(client.watch(), OptionsFor(dataset)),
      version_(latest_) {}

absl::StatusOr<std::string> DatasetTrigger::Next() {
  bool found = false;
  while (wait_(0)) {
    // What waits already is taken together; only then is it waited for.
    CAIRN_ASSIGN_OR_RETURN(const auto batch,
                           watcher_.Next(found ? std::chrono::milliseconds(0) : kLookEvery));
    if (batch) {
      found = Take(*batch) || found;
    } else if (found) {
      return fmt::format("new version {}", version_);
    }
  }
  return std::string();
}

bool DatasetTrigger::Take(const client::WatchBatch& batch) {
  if (batch.lost_before) version_ = latest_;
  for (const v1::Event& event : batch.events) version_ = event.dataset_version().name();
  return batch.lost_before.has_value() || !batch.events.empty();
}

}  // namespace cairn::pipeline

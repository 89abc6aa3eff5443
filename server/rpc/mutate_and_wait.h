#ifndef CAIRN_SERVER_RPC_MUTATE_AND_WAIT_H_
#define CAIRN_SERVER_RPC_MUTATE_AND_WAIT_H_

#include <future>
#include <memory>
#include <utility>

#include "absl/status/status.h"
#include "google/protobuf/message.h"
#include "server/rpc/call.h"

namespace cairn::rpc {

// Runs one mutation and waits until it is durable or refused; the answer is
// dropped. For streams, which work on the pool and may block there.
inline absl::Status MutateAndWait(Environment& environment, const char* method,
                                  const google::protobuf::Message& request, storage::Planner plan) {
  std::promise<absl::Status> outcome;
  std::future<absl::Status> waiting = outcome.get_future();
  environment.mutator.Run(
      {"anonymous", method, ""}, request, std::move(plan), StampEtag,
      [&outcome](absl::StatusOr<std::unique_ptr<google::protobuf::Message>> result) {
        outcome.set_value(result.status());
      });
  return waiting.get();
}

}  // namespace cairn::rpc

#endif  // CAIRN_SERVER_RPC_MUTATE_AND_WAIT_H_

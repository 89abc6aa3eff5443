#ifndef CAIRN_SERVER_MLFLOW_SERVED_CALL_H_
#define CAIRN_SERVER_MLFLOW_SERVED_CALL_H_

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>

#include "lib/base/clock.h"
#include "lib/base/memory_budget.h"
#include "lib/base/shared_budget.h"
#include "lib/http/message.h"
#include "lib/http/responder.h"
#include "server/calls/environment.h"
#include "server/mlflow/lost_answers.h"
#include "server/mlflow/options.h"
#include "server/mlflow/part_claim.h"
#include "server/mlflow/part_uploads.h"
#include "server/mlflow/request.h"
#include "server/mlflow/route_table.h"
#include "server/mlflow/rows.h"
#include "server/mlflow/run_places.h"
#include "server/mlflow/session.h"
#include "server/mlflow/transfer_holders.h"
#include "server/mlflow/transfer_ticket.h"

namespace cairn::mlflow {

// What all routes share. Outlives all calls.
struct Gateway {
  calls::Environment& environment;
  Rows rows;
  RunPlaces places;
  MlflowOptions options;
  // What uploads of artifacts hold, 1 MiB and a little each; one caller has half of it at most.
  SharedBudget uploads{int64_t{64} << 20, int64_t{32} << 20};
  // Of presigned URLs.
  TicketKey ticket_key{};
  TransferHolders holders{};
  // Of calls that make something.
  LostAnswers lost_answers{};
  // Uploads in parts are over after a time that nobody shortens or stretches by setting a clock.
  RunningClock clock{environment.clock.NowUnixNanos(), ForwardClock()};
  ClaimSigner signer{clock};
  PartUploads part_uploads{};
  std::atomic<bool> sweep_waits{false};  // an alarm is set that frees those that are over
};

// One request of an MLflow client, from its bytes to its answer. Owned by itself: it goes right
// before the answer leaves, because the server may be gone after its last answer.
//
// Bodies above 16 KiB are parsed on the pool of computations, as those of Connect are; where that
// takes no more the answer is RESOURCE_EXHAUSTED. A call that makes something is not made twice for
// a client that asks again because the answer got lost.
class ServedCall {
 public:
  static void Begin(std::shared_ptr<Gateway> gateway, const RouteRow& row, http::Request request,
                    const http::Responder& responder);

  // Use Begin.
  ServedCall(std::shared_ptr<Gateway> gateway, Handler handler, http::Request request,
             http::Responder responder);

 private:
  // Its turn, unless an equal one was before it and made what is asked for.
  static void Take(std::unique_ptr<ServedCall> call);
  static void Run(std::unique_ptr<ServedCall> call);
  // Parses and runs the route.
  static void Serve(std::unique_ptr<ServedCall> call);
  static void Answer(std::unique_ptr<ServedCall> call, Reply reply);
  http::Response ResponseOf(Reply reply);

  const std::shared_ptr<Gateway> gateway_;
  const Handler handler_;
  const http::Responder responder_;
  const bool packs_;  // the client takes gzip
  Session session_;
  http::Request raw_;               // until it is parsed
  std::optional<Request> request_;  // then
  std::optional<Fields> fields_;
  std::shared_ptr<LostAnswers::Call> makes_;  // to be ended; null: nothing to keep
};

}  // namespace cairn::mlflow

#endif  // CAIRN_SERVER_MLFLOW_SERVED_CALL_H_

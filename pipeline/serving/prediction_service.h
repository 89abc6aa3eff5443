#ifndef CAIRN_PIPELINE_SERVING_PREDICTION_SERVICE_H_
#define CAIRN_PIPELINE_SERVING_PREDICTION_SERVICE_H_

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "absl/status/status.h"
#include "lib/base/clock.h"
#include "lib/base/mutex.h"
#include "lib/http/message.h"
#include "pipeline/serving/request_log.h"
#include "pipeline/serving/request_log_file.h"
#include "pipeline/serving/served_model.h"
#include "pipeline/serving/serving_metrics.h"

namespace cairn::pipeline::serving {

// What serving may cost, and what it says of itself.
struct ServiceOptions {
  size_t log_capacity = 100'000;   // predictions that RequestLog keeps
  size_t max_instances = 100'000;  // of one request: else 413
  std::string release;             // what GET /version answers
};

// Answers requests for predictions by the model that is shown, and tells how it goes.
//
// The model can be replaced at any time without a request being lost or seeing two of them: a
// request takes the model once, at its beginning, and its answer says which one it was, in the
// header Cairn-Model-Version. Nothing here knows of sockets; lib/http calls the functions that take
// a request, from several threads at a time. All functions are safe to call from any thread.
class PredictionService {
 public:
  explicit PredictionService(ServiceOptions options, const Clock& clock = SystemClock());
  PredictionService(const PredictionService&) = delete;
  PredictionService& operator=(const PredictionService&) = delete;

  // Rows of the request log are kept in this file too. REQUIRES: no request came yet.
  void KeepLogIn(std::unique_ptr<RequestLogFile> file) { file_ = std::move(file); }

  // The model that serves; null before the first.
  ModelPtr model() const CAIRN_EXCLUDES(mutex_);

  // Makes this the model of all requests that begin from now on.
  void Show(ModelPtr model) CAIRN_EXCLUDES(mutex_);

  // A model could not be read; the one that serves goes on.
  void NoteFailedLoad(const absl::Status& why) CAIRN_EXCLUDES(mutex_);

  // What GET /health says besides: why nothing serves yet, or what is wrong although something
  // does. Empty: nothing.
  void SetReason(std::string reason) CAIRN_EXCLUDES(mutex_);

  // Whether the channel's head is known, for GET /metrics.
  void SetFollowing(bool following) { metrics_.SetFollowing(following); }

  // POST /predict, JSON as request_body.h has it: segment, name and distance of each instance.
  // Without a model 503; of a request of which one value is bad nothing is answered (answers.h).
  http::Response Predict(const http::Request& request);

  // POST /invocations, the protocol of MLflow's scoring servers: the same JSON, or CSV; answers
  // with segment numbers alone.
  http::Response Invocations(const http::Request& request);

  // GET /health and /ping: 200 when a model serves, else 503. /version: the release.
  http::Response Health() const;
  http::Response Ping() const;
  http::Response Version() const;

  // GET /metrics.
  http::Response Metrics() const;

  // GET /requests?limit=N&format=csv|json|jsonl&since=TIME&segment=N&status=CODE: the newest N of
  // the request log, 1,000 unless said, of those that are all the rest. Refused requests are in
  // jsonl only: the other two are tables of predictions.
  http::Response Requests(const http::Request& request) const;

  // To be told of every answer that was written.
  void Observe(const http::RequestRecord& record) { metrics_.CountRequest(record); }

  const ServiceOptions& options() const { return options_; }

 private:
  enum class Form { kSegmentsAndDistances, kSegments };
  http::Response Answer(const http::Request& request, bool csv, Form form);
  // The answer to a request that is refused, which is logged. Without a model `version` is empty.
  http::Response Refuse(const http::Request& request, const absl::Status& why,
                        const std::string& version);
  std::string Reason() const CAIRN_EXCLUDES(mutex_);

  const ServiceOptions options_;
  const Clock& clock_;
  // Held for copying the pointer only. No std::atomic: that of GCC 12 lets a reader go on without
  // the order that a later writer needs.
  mutable Mutex mutex_;
  ModelPtr model_ CAIRN_GUARDED_BY(mutex_);
  std::string reason_ CAIRN_GUARDED_BY(mutex_);
  ServingMetrics metrics_;
  RequestLog log_;
  std::unique_ptr<RequestLogFile> file_;  // null: none is kept
};

}  // namespace cairn::pipeline::serving

#endif  // CAIRN_PIPELINE_SERVING_PREDICTION_SERVICE_H_

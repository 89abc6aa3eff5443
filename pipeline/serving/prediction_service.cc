#include "pipeline/serving/prediction_service.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cmath>
#include <limits>
#include <span>
#include <utility>
#include <vector>

#include "lib/base/encoding.h"
#include "lib/base/errors.h"
#include "lib/base/status_macros.h"
#include "pipeline/serving/answers.h"
#include "pipeline/serving/request_body.h"

namespace cairn::pipeline::serving {
namespace {

constexpr std::string_view kVersionHeader = "Cairn-Model-Version";
constexpr std::string_view kIgnoredHeader = "Cairn-Ignored-Columns";
constexpr int64_t kUsualLimit = 1000;
constexpr int64_t kMostInt32 = std::numeric_limits<int32_t>::max();
// What a thread keeps from one request to the next, in numbers.
constexpr size_t kMostKept = size_t{1} << 20;

// The memory of one request, kept by its thread for the next.
struct Scratch {
  FeatureRows rows;
  std::vector<int32_t> segments;
  std::vector<double> distances;

  void Trim() {
    if (rows.values.capacity() > kMostKept) std::vector<double>().swap(rows.values);
  }
};

int64_t NanosSince(std::chrono::steady_clock::time_point begin) {
  if (begin == std::chrono::steady_clock::time_point()) return 0;  // it came through no socket
  return std::chrono::nanoseconds(std::chrono::steady_clock::now() - begin).count();
}

absl::Status NoModel(const std::string& reason) {
  return Error(absl::StatusCode::kUnavailable, ErrorReason::MODEL_NOT_FOUND,
               fmt::format("no model serves yet{}{}", reason.empty() ? "" : ": ", reason));
}

// The media type, without what may follow it.
std::string MediaTypeOf(const http::Request& request) {
  const std::string* const header = request.Header("Content-Type");
  if (header == nullptr) return "";
  std::string type = AsciiLower(header->substr(0, header->find(';')));
  while (type.ends_with(' ')) type.pop_back();
  return type;
}

// A number of the query that is at least `least`; `usual` where it is not there.
absl::StatusOr<int64_t> NumberOf(const http::Request& request, std::string_view name, int64_t least,
                                 int64_t usual) {
  const std::string* const text = request.Query(name);
  if (text == nullptr) return usual;
  int64_t number = 0;
  const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), number);
  if (error == std::errc() && end == text->data() + text->size() && number >= least) return number;
  return InvalidField(ErrorReason::VALUE_INVALID, name, *text,
                      fmt::format("must be a number from {} on", least))
      .ToStatus();
}

absl::StatusOr<LogQuery> LogQueryOf(const http::Request& request) {
  LogQuery query;
  CAIRN_ASSIGN_OR_RETURN(const int64_t limit, NumberOf(request, "limit", 1, kUsualLimit));
  CAIRN_ASSIGN_OR_RETURN(const int64_t segment, NumberOf(request, "segment", 0, -1));
  CAIRN_ASSIGN_OR_RETURN(const int64_t status, NumberOf(request, "status", 100, -1));
  query.limit = static_cast<size_t>(limit);
  if (segment >= 0) query.segment = static_cast<int32_t>(std::min(segment, kMostInt32));
  if (status >= 0) query.status = static_cast<int>(std::min(status, kMostInt32));
  if (const std::string* const since = request.Query("since"); since != nullptr) {
    const auto nanos = ParseRfc3339(*since);
    if (!nanos.ok()) {
      return InvalidField(ErrorReason::VALUE_INVALID, "since", *since,
                          "must be an RFC 3339 time, such as 2026-03-01T12:00:00Z")
          .ToStatus();
    }
    query.since_unix_nanos = *nanos;
  }
  return query;
}

// Finite values may be so large that no segment is at a finite distance, which no row of JSON can
// say.
absl::Status CheckDistances(const ServedModel& model, const FeatureRows& rows,
                            const std::vector<double>& distances) {
  const auto found = std::find_if_not(distances.begin(), distances.end(),
                                      [](double distance) { return std::isfinite(distance); });
  if (found == distances.end()) return absl::OkStatus();
  constexpr std::string_view kRule = "must lie at a finite distance from the segments";
  const auto instance = static_cast<size_t>(found - distances.begin());
  const size_t width = model.columns().size();
  const auto row = std::span(rows.values).subspan(instance * width, width);
  const int j = model.predictor().FeatureTooLarge(row);
  if (j >= 0) {
    const auto place = static_cast<size_t>(j);
    return BadValue(instance, model.columns()[place], ShortestDouble(row[place]), kRule);
  }
  return InvalidField(ErrorReason::VALUE_INVALID, fmt::format("instances.{}", instance),
                      fmt::format("{}", *found), kRule)
      .With("instance", std::to_string(instance));
}

}  // namespace

PredictionService::PredictionService(ServiceOptions options, const Clock& clock)
    : options_(std::move(options)), clock_(clock), log_(options_.log_capacity) {}

ModelPtr PredictionService::model() const {
  MutexLock lock(&mutex_);
  return model_;
}

void PredictionService::Show(ModelPtr model) {
  bool swap = false;
  {
    MutexLock lock(&mutex_);
    swap = model_ != nullptr && model_->version() != model->version();
    model_.swap(model);
    reason_.clear();
  }
  // The one before goes here, outside the lock.
  metrics_.CountLoad(/*loaded=*/true, swap);
}

void PredictionService::NoteFailedLoad(const absl::Status& why) {
  metrics_.CountLoad(/*loaded=*/false, /*swap=*/false);
  const auto message = why.message();
  SetReason(std::string(message.data(), message.size()));
}

void PredictionService::SetReason(std::string reason) {
  MutexLock lock(&mutex_);
  reason_ = std::move(reason);
}

std::string PredictionService::Reason() const {
  MutexLock lock(&mutex_);
  return reason_;
}

http::Response PredictionService::Answer(const http::Request& request, bool csv, Form form) {
  const ModelPtr model = this->model();
  if (model == nullptr) return Refuse(request, NoModel(Reason()), "");
  thread_local Scratch scratch;
  const absl::Status read =
      csv ? ReadCsvBody(request.body, *model, options_.max_instances, &scratch.rows)
          : ReadJsonBody(request.body, *model, options_.max_instances, &scratch.rows);
  if (!read.ok()) {
    scratch.Trim();
    return Refuse(request, read, model->version());
  }
  scratch.segments.resize(scratch.rows.count);
  scratch.distances.resize(scratch.rows.count);
  model->scorer().Score(scratch.rows.values, scratch.segments, scratch.distances);
  if (const absl::Status finite = CheckDistances(*model, scratch.rows, scratch.distances);
      !finite.ok()) {
    scratch.Trim();
    return Refuse(request, finite, model->version());
  }
  http::Response response = http::JsonResponse(
      form == Form::kSegments ? SegmentsJson(scratch.segments)
                              : PredictionsJson(*model, scratch.segments, scratch.distances));
  response.headers.push_back({std::string(kVersionHeader), model->version()});
  if (scratch.rows.ignored_columns > 0) {
    response.headers.push_back(
        {std::string(kIgnoredHeader), std::to_string(scratch.rows.ignored_columns)});
  }
  metrics_.CountPredictions(*model, scratch.segments);
  const int64_t now = clock_.NowUnixNanos();
  const int64_t latency = NanosSince(request.received);
  log_.Add(model, scratch.rows.values, scratch.segments, scratch.distances, now, latency);
  if (file_ != nullptr) {
    file_->Add(model, scratch.rows.values, scratch.segments, scratch.distances, now, latency);
  }
  scratch.Trim();
  return response;
}

http::Response PredictionService::Refuse(const http::Request& request, const absl::Status& why,
                                         const std::string& version) {
  http::Response response = RefusalResponse(why);
  const auto message = why.message();
  const Refusal refusal{
      clock_.NowUnixNanos(),
      NanosSince(request.received),
      response.status,
      version,
      ReasonOf(why),
      Shortened(std::string_view(message.data(), message.size()), Refusal::kMostMessageBytes)};
  log_.AddRefusal(refusal);
  if (file_ != nullptr) file_->Add(refusal);
  if (!version.empty()) response.headers.push_back({std::string(kVersionHeader), version});
  return response;
}

http::Response PredictionService::Predict(const http::Request& request) {
  return Answer(request, /*csv=*/false, Form::kSegmentsAndDistances);
}

http::Response PredictionService::Invocations(const http::Request& request) {
  const std::string type = MediaTypeOf(request);
  if (type == "application/json") return Answer(request, /*csv=*/false, Form::kSegments);
  if (type == "text/csv") return Answer(request, /*csv=*/true, Form::kSegments);
  const ModelPtr model = this->model();
  return Refuse(request,
                Error(absl::StatusCode::kUnimplemented, ErrorReason::REQUEST_MALFORMED,
                      "the body must have type application/json or text/csv"),
                model == nullptr ? "" : model->version());
}

http::Response PredictionService::Health() const {
  const ModelPtr model = this->model();
  const std::string reason = Reason();
  if (model == nullptr) {
    return http::JsonResponse(
        fmt::format(R"({{"status":"unavailable","reason":{}}})",
                    JsonText(reason.empty() ? "no model serves yet" : reason)),
        503);
  }
  std::string json = fmt::format(
      R"({{"status":"serving","version":{},"sha256":"{}","since":"{}","segments":{},"features":{})",
      JsonText(model->version()), model->sha256(), FormatRfc3339(model->loaded_unix_nanos()),
      model->segment_count(), model->columns().size());
  if (!reason.empty()) json += ",\"warning\":" + JsonText(reason);
  return http::JsonResponse(json + "}");
}

http::Response PredictionService::Ping() const {
  http::Response response = http::TextResponse("\n");
  response.status = model() == nullptr ? 503 : 200;
  return response;
}

http::Response PredictionService::Version() const { return http::TextResponse(options_.release); }

http::Response PredictionService::Metrics() const {
  ServingMetrics::Gauges gauges{model(), log_.size(), log_.capacity(), std::nullopt};
  if (file_ != nullptr) gauges.log_file = file_->counts();
  return http::TextResponse(metrics_.ToPrometheusText(gauges),
                            "text/plain; version=0.0.4; charset=utf-8");
}

http::Response PredictionService::Requests(const http::Request& request) const {
  const auto query = LogQueryOf(request);
  if (!query.ok()) return RefusalResponse(query.status());
  const std::string* const format = request.Query("format");
  if (format == nullptr || *format == "csv") {
    return http::TextResponse(log_.ToCsv(*query), "text/csv; charset=utf-8");
  }
  if (*format == "json") return http::JsonResponse(log_.ToJson(*query));
  if (*format == "jsonl") {
    return http::TextResponse(log_.ToJsonLines(*query), "application/x-ndjson");
  }
  return RefusalResponse(
      InvalidField(ErrorReason::VALUE_INVALID, "format", *format, "must be csv, json or jsonl"));
}

}  // namespace cairn::pipeline::serving

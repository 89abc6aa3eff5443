#ifndef CAIRN_PIPELINE_SERVING_ANSWERS_H_
#define CAIRN_PIPELINE_SERVING_ANSWERS_H_

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "lib/http/message.h"
#include "pipeline/serving/served_model.h"

namespace cairn::pipeline::serving {

// What is answered, as text. Pure functions.

// A text in quotes, as JSON has it. Bytes that are not UTF-8 are replaced.
std::string JsonText(std::string_view text);

// `{"predictions":[{"segment":2,"segment_name":"Regulars","distance":0.5},…]}`. Distances are
// written as number_text.h says. The spans are equally long, and every
// segment is one of the model.
std::string PredictionsJson(const ServedModel& model, std::span<const int32_t> segments,
                            std::span<const double> distances);

// `{"predictions":[2,0,…]}`, which is what MLflow's scoring server answers for a model whose
// predict gives segment numbers.
std::string SegmentsJson(std::span<const int32_t> segments);

// A refused request:
//
//   {"error": {"code": 400, "status": "INVALID_ARGUMENT", "reason": "VALUE_INVALID",
//              "message": "…", "instance": 3, "field": "Hour", "value": "\"x\"", "rule": "…"}}
//
// The last four where the status names them. 413 for TOO_LARGE, 415 for a body of a type that is
// not taken (UNIMPLEMENTED), else the HTTP twin of the code.
http::Response RefusalResponse(const absl::Status& error);

}  // namespace cairn::pipeline::serving

#endif  // CAIRN_PIPELINE_SERVING_ANSWERS_H_

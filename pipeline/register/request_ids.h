#ifndef CAIRN_PIPELINE_REGISTER_REQUEST_IDS_H_
#define CAIRN_PIPELINE_REGISTER_REQUEST_IDS_H_

#include <string>
#include <string_view>

#include "google/protobuf/message.h"

namespace cairn::pipeline {

// A request id in the form of a UUID4 that is a pure function of the sweep, the step
// and the request itself: a repetition after a lost answer carries the same id, and the
// server returns the first answer instead of doing the work twice; a request that
// differs in anything carries another id, so an id never stands for two requests.
// `request` must have an empty request_id. O(size of the request). Safe to call from
// any thread.
std::string RequestIdFor(std::string_view sweep_key, std::string_view step,
                         const google::protobuf::Message& request);

}  // namespace cairn::pipeline

#endif  // CAIRN_PIPELINE_REGISTER_REQUEST_IDS_H_

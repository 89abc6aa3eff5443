#ifndef CAIRN_PIPELINE_LIFECYCLE_SHIPPED_POLICY_H_
#define CAIRN_PIPELINE_LIFECYCLE_SHIPPED_POLICY_H_

#include <string_view>

namespace cairn::pipeline {

// policies/customer-segments.yaml as this release ships it, byte for byte: for a server whose
// channel has no policy yet. The text stands in the program (shipped_policy.cc is made from the
// file when it is built), so that the program needs no other file.
std::string_view ShippedPolicy();

}  // namespace cairn::pipeline

#endif  // CAIRN_PIPELINE_LIFECYCLE_SHIPPED_POLICY_H_

#ifndef CAIRN_SERVER_SERVICE_RESOURCES_H_
#define CAIRN_SERVER_SERVICE_RESOURCES_H_

#include <string>
#include <vector>

#include "google/protobuf/message.h"
#include "server/service/method.h"

namespace cairn::service {

// What a request is about: the names in the fields that the method's rule says, as they were
// written, in the order of the rule; those that are not set are left out. Where the rule makes a
// name of an id, the name of what has this id.
//
// Names are not looked up, nor checked: whoever asks for permission compares what the caller wrote
// with what the caller may, so that nobody learns by the answer what exists. Empty for a method
// whose rule names no resource, and for a request that names none. Pure; thread-safe.
std::vector<std::string> ResourcesOf(const Method& method,
                                     const google::protobuf::Message& request);

// The names of what the call reads besides (MethodRule.reads), in the same way.
std::vector<std::string> ReadsOf(const Method& method, const google::protobuf::Message& request);

}  // namespace cairn::service

#endif  // CAIRN_SERVER_SERVICE_RESOURCES_H_

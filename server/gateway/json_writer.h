#ifndef CAIRN_SERVER_GATEWAY_JSON_WRITER_H_
#define CAIRN_SERVER_GATEWAY_JSON_WRITER_H_

#include <string>

#include "google/protobuf/message.h"

namespace cairn::gateway {

// Appends a message to `json` in protobuf's JSON form (proto3), as MessageToJsonString of the
// library does with its default options: lowerCamelCase names, fields that are not set left out,
// 64-bit numbers as strings, enums by name, bytes in base64, times in RFC 3339. Texts are escaped
// only where JSON needs it, so that people can read them.
//
// The library's function goes over the wire format with a description of each type that it makes
// anew in every call, which costs ten times what the writing does. This one asks the message. Of
// the types with a form of their own it writes times, durations and empty ones; the others (Any,
// Struct, FieldMask, wrappers) it leaves to the library.
//
// False if the message holds what JSON cannot say: a time out of range, an Any of a type that is
// not known here. `json` is then to be thrown away. Pure.
bool AppendJson(const google::protobuf::Message& message, std::string& json);

}  // namespace cairn::gateway

#endif  // CAIRN_SERVER_GATEWAY_JSON_WRITER_H_

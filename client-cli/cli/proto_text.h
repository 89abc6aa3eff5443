#ifndef CAIRN_CLIENT_CLI_CLI_PROTO_TEXT_H_
#define CAIRN_CLIENT_CLI_CLI_PROTO_TEXT_H_

#include <string>

#include "google/protobuf/message.h"

namespace cairn::cli {

// Messages as text that machines read. All functions are pure.

// The canonical JSON of the message, indented, with a line end. A list response
// without elements keeps its list ({"runs": []}), so that scripts can iterate.
std::string ToJson(const google::protobuf::Message& message);

// The canonical JSON on one line, with a line end.
std::string ToJsonLine(const google::protobuf::Message& message);

// For a list response one line for each element, else ToJsonLine.
std::string ToJsonLines(const google::protobuf::Message& message);

// The canonical JSON written as YAML.
std::string ToYaml(const google::protobuf::Message& message);

// True when the message is a list response: its first field is a repeated
// message and it has a next_page_token.
bool IsListResponse(const google::protobuf::Message& message);

}  // namespace cairn::cli

#endif  // CAIRN_CLIENT_CLI_CLI_PROTO_TEXT_H_

#ifndef CAIRN_CLIENT_CLI_CLI_PROTO_TEXT_H_
#define CAIRN_CLIENT_CLI_CLI_PROTO_TEXT_H_

#include <string>

#include "client-cli/cli/table.h"
#include "google/protobuf/message.h"

namespace cairn::cli {

// Messages as text that machines read. All functions are pure.

// The canonical JSON of the message, indented, with a line end. The same message gives the same
// bytes: fields in the order of their declaration, entries of maps by key, numbers in the
// shortest form that reads back as the same. A list response without elements keeps its list
// ({"runs": []}), so that scripts can iterate.
std::string ToJson(const google::protobuf::Message& message);

// The canonical JSON on one line, with a line end.
std::string ToJsonLine(const google::protobuf::Message& message);

// For a list response one line for each element, else ToJsonLine.
std::string ToJsonLines(const google::protobuf::Message& message);

// The canonical JSON written as YAML.
std::string ToYaml(const google::protobuf::Message& message);

// Every value of the message by its place, one row each: FIELD metrics.silhouette, VALUE 0.41. For
// formats of tables where a command has no table of its own.
Table ToFieldTable(const google::protobuf::Message& message);

// True when the message is a list response: its first field is a repeated
// message and it has a next_page_token.
bool IsListResponse(const google::protobuf::Message& message);

}  // namespace cairn::cli

#endif  // CAIRN_CLIENT_CLI_CLI_PROTO_TEXT_H_

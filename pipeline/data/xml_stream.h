#ifndef CAIRN_PIPELINE_DATA_XML_STREAM_H_
#define CAIRN_PIPELINE_DATA_XML_STREAM_H_

// Expat behind a small interface.

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "absl/status/status.h"
#include "pipeline/data/byte_source.h"

namespace cairn::pipeline {

// Called while a document is parsed, in its order. Element names come without namespace
// prefix. Returning an error from Failure() stops the parse. Views are valid during the
// call only.
class XmlHandler {
 public:
  virtual ~XmlHandler() = default;

  // `attributes` is expat's list: name, value, …, null.
  virtual void Start(std::string_view name, const char** attributes) = 0;
  virtual void End(std::string_view name) = 0;
  // One run of character data; a text may come in several runs.
  virtual void Text(std::string_view text) = 0;

  // The element of whose children TakeChildren takes some; empty: of none.
  virtual std::string_view ChildrenOf() const { return {}; }

  // Reads whole children of that element from the front of *text, where the next may begin, and
  // takes them off: well-formed ones alone, for the parser never sees them. True when it wants to
  // be asked again with more text behind the rest. What it leaves the parser reads.
  virtual bool TakeChildren(std::string_view*) { return false; }

  // Asked after each piece of input.
  virtual absl::Status Failure() const = 0;
};

// A name without its namespace prefix.
inline std::string_view LocalName(std::string_view name) {
  const size_t colon = name.find(':');
  return colon == std::string_view::npos ? name : name.substr(colon + 1);
}

// The value of the attribute `name` (prefix ignored), or an empty view. The first of
// several.
std::string_view Attribute(const char** attributes, std::string_view name);

// Parses `stream` to its end and adds the number of bytes to *bytes. Document type declarations
// are refused, so entities cannot multiply or refer outside. `part` names the document in errors:
// kInvalidArgument, kind INPUT_UNREADABLE, when it is not well-formed or nested deeper than 256.
absl::Status ParseXml(ByteStream& stream, std::string_view part, XmlHandler& handler,
                      uint64_t* bytes);

}  // namespace cairn::pipeline

#endif  // CAIRN_PIPELINE_DATA_XML_STREAM_H_

#include "pipeline/data/xml_stream.h"

#include <expat.h>

#include <cstdint>
#include <memory>
#include <string>

#include "fmt/format.h"
#include "lib/base/status_macros.h"
#include "pipeline/data/input_error.h"

namespace cairn::pipeline {
namespace {

constexpr int kMaxDepth = 256;
constexpr int kXmlPiece = 64 << 10;

std::string_view LocalName(std::string_view name) {
  const size_t colon = name.find(':');
  return colon == std::string_view::npos ? name : name.substr(colon + 1);
}

struct Parse {
  XML_Parser parser;
  XmlHandler* handler;
  int depth = 0;
  const char* refused = nullptr;
};

void Refuse(Parse* parse, const char* why) {
  parse->refused = why;
  XML_StopParser(parse->parser, XML_FALSE);
}

void OnStart(void* data, const char* name, const char** attributes) {
  auto* parse = static_cast<Parse*>(data);
  if (++parse->depth > kMaxDepth) return Refuse(parse, "is nested too deeply");
  parse->handler->Start(LocalName(name), attributes);
}

void OnEnd(void* data, const char* name) {
  auto* parse = static_cast<Parse*>(data);
  --parse->depth;
  parse->handler->End(LocalName(name));
}

void OnText(void* data, const char* text, int size) {
  static_cast<Parse*>(data)->handler->Text({text, static_cast<size_t>(size)});
}

void OnDoctype(void* data, const char*, const char*, const char*, int) {
  Refuse(static_cast<Parse*>(data), "has a document type declaration");
}

absl::Status Unreadable(std::string_view part, std::string_view what) {
  return InputError(absl::StatusCode::kInvalidArgument, kInputUnreadable,
                    fmt::format("\"{}\" {}", part, what), part);
}

// Newer versions of Expat call the 32-bit counter deprecated, older ones have no other.
template <typename Parser>
uint64_t LineNumber(Parser parser) {
  if constexpr (requires { XML_GetCurrentLineNumber64(parser); }) {
    return XML_GetCurrentLineNumber64(parser);
  } else {
    return XML_GetCurrentLineNumber(parser);
  }
}

}  // namespace

std::string_view Attribute(const char** attributes, std::string_view name) {
  for (; attributes[0] != nullptr; attributes += 2) {
    if (LocalName(attributes[0]) == name) return attributes[1];
  }
  return {};
}

absl::Status ParseXml(ByteStream& stream, std::string_view part, XmlHandler& handler,
                      uint64_t* bytes) {
  const std::unique_ptr<XML_ParserStruct, decltype(&XML_ParserFree)> parser(
      XML_ParserCreate(nullptr), &XML_ParserFree);
  if (!parser) return Unreadable(part, "cannot be parsed: no memory");
  Parse parse{parser.get(), &handler};
  XML_SetUserData(parser.get(), &parse);
  XML_SetElementHandler(parser.get(), &OnStart, &OnEnd);
  XML_SetCharacterDataHandler(parser.get(), &OnText);
  XML_SetStartDoctypeDeclHandler(parser.get(), &OnDoctype);
  while (true) {
    void* buffer = XML_GetBuffer(parser.get(), kXmlPiece);
    if (buffer == nullptr) return Unreadable(part, "cannot be parsed: no memory");
    CAIRN_ASSIGN_OR_RETURN(const size_t size, stream.Read(static_cast<char*>(buffer), kXmlPiece));
    *bytes += size;
    const XML_Status status = XML_ParseBuffer(parser.get(), static_cast<int>(size), size == 0);
    if (parse.refused != nullptr) return Unreadable(part, parse.refused);
    CAIRN_RETURN_IF_ERROR(handler.Failure());
    if (status != XML_STATUS_OK) {
      return Unreadable(part, fmt::format("is not well-formed XML: {} in line {}",
                                          XML_ErrorString(XML_GetErrorCode(parser.get())),
                                          LineNumber(parser.get())));
    }
    if (size == 0) return absl::OkStatus();
  }
}

}  // namespace cairn::pipeline

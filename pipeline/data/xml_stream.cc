#include "pipeline/data/xml_stream.h"

#include <expat.h>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "fmt/format.h"
#include "lib/base/status_macros.h"
#include "pipeline/data/input_error.h"

namespace cairn::pipeline {
namespace {

constexpr int kMaxDepth = 256;
constexpr size_t kXmlPiece = size_t{512} << 10;

// The element whose children may be taken begins within so many bytes, or nothing is taken.
constexpr uint64_t kHeadBytes = 64 << 10;

struct ParseState {
  XML_Parser parser;
  XmlHandler* handler;
  int depth = 0;
  const char* refused = nullptr;

  // The depth within the element whose children the handler may take, 0 outside.
  int taking_depth = 0;
  XML_Index tag_end = 0;  // Behind the last tag in there, in bytes of what the parser was given.
};

void Refuse(ParseState* parse, const char* why) {
  parse->refused = why;
  XML_StopParser(parse->parser, XML_FALSE);
}

void NoteTag(ParseState* parse) {
  parse->tag_end = XML_GetCurrentByteIndex(parse->parser) + XML_GetCurrentByteCount(parse->parser);
}

void OnStart(void* data, const char* name, const char** attributes) {
  auto* parse = static_cast<ParseState*>(data);
  if (++parse->depth > kMaxDepth) return Refuse(parse, "is nested too deeply");
  const std::string_view local = LocalName(name);
  parse->handler->Start(local, attributes);
  if (parse->taking_depth == 0 && local == parse->handler->ChildrenOf()) {
    parse->taking_depth = parse->depth;
    NoteTag(parse);
  }
}

void OnEnd(void* data, const char* name) {
  auto* parse = static_cast<ParseState*>(data);
  if (parse->taking_depth == parse->depth) parse->taking_depth = 0;
  --parse->depth;
  if (parse->taking_depth > 0) NoteTag(parse);
  parse->handler->End(LocalName(name));
}

void OnText(void* data, const char* text, int size) {
  static_cast<ParseState*>(data)->handler->Text({text, static_cast<size_t>(size)});
}

void OnDoctype(void* data, const char*, const char*, const char*, int) {
  Refuse(static_cast<ParseState*>(data), "has a document type declaration");
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

// Passes a document on to the parser, but for the children that the handler takes.
class Feeder {
 public:
  Feeder(ByteStream& stream, std::string_view part, XmlHandler& handler, XML_Parser parser)
      : stream_(stream),
        part_(part),
        handler_(handler),
        parse_{.parser = parser, .handler = &handler} {
    XML_SetUserData(parser, &parse_);
    XML_SetElementHandler(parser, &OnStart, &OnEnd);
    XML_SetCharacterDataHandler(parser, &OnText);
    XML_SetStartDoctypeDeclHandler(parser, &OnDoctype);
  }

  absl::Status Run(uint64_t* bytes) {
    while (!ended_) {
      CAIRN_RETURN_IF_ERROR(ReadMore(bytes));
      CAIRN_RETURN_IF_ERROR(PassOn());
    }
    return Parse(0, /*last=*/true);
  }

 private:
  std::string_view rest() const { return {buffer_.data() + first_, last_ - first_}; }

  // The rest goes to the front; there is always room for a piece behind it (see PassOn).
  absl::Status ReadMore(uint64_t* bytes) {
    std::memmove(buffer_.data(), buffer_.data() + first_, last_ - first_);
    last_ -= first_;
    first_ = 0;
    CAIRN_ASSIGN_OR_RETURN(const size_t size,
                           stream_.Read(buffer_.data() + last_, buffer_.size() - last_));
    last_ += size;
    *bytes += size;
    ended_ = size == 0;
    return absl::OkStatus();
  }

  // Until the text is used up, or its rest is the beginning of a child that may be taken.
  absl::Status PassOn() {
    while (first_ < last_) {
      if (AtChild()) {
        const bool wants_more = TakeChildren();
        CAIRN_RETURN_IF_ERROR(handler_.Failure());
        if (wants_more && !ended_ && last_ - first_ <= buffer_.size() / 2) return absl::OkStatus();
        if (first_ == last_) break;
      }
      CAIRN_RETURN_IF_ERROR(Parse(PieceSize(), /*last=*/false));
    }
    return absl::OkStatus();
  }

  // Whether the parser has seen all before the rest, and stands between two children. It is so
  // behind a tag of a child only, or behind that of their parent.
  bool AtChild() const {
    return parse_.taking_depth > 0 && parse_.depth == parse_.taking_depth &&
           static_cast<uint64_t>(parse_.tag_end) == given_;
  }

  bool TakeChildren() {
    std::string_view text = rest();
    const bool wants_more = handler_.TakeChildren(&text);
    const size_t taken = last_ - first_ - text.size();
    lines_ += static_cast<uint64_t>(
        std::count(buffer_.data() + first_, buffer_.data() + first_ + taken, '\n'));
    first_ += taken;
    return wants_more;
  }

  // Tag by tag where a child may follow, for it must begin where the parser stops.
  size_t PieceSize() const {
    const std::string_view text = rest();
    if (parse_.taking_depth == 0 && (given_ >= kHeadBytes || !may_take_)) return text.size();
    const size_t end = text.find('>');
    return end == text.npos ? text.size() : end + 1;
  }

  absl::Status Parse(size_t size, bool last) {
    const XML_Status status =
        XML_Parse(parse_.parser, buffer_.data() + first_, static_cast<int>(size), last);
    first_ += size;
    given_ += size;
    if (parse_.refused != nullptr) return Unreadable(part_, parse_.refused);
    CAIRN_RETURN_IF_ERROR(handler_.Failure());
    if (status == XML_STATUS_OK) return absl::OkStatus();
    return Unreadable(part_, fmt::format("is not well-formed XML: {} in line {}",
                                         XML_ErrorString(XML_GetErrorCode(parse_.parser)),
                                         LineNumber(parse_.parser) + lines_));
  }

  ByteStream& stream_;
  const std::string_view part_;
  XmlHandler& handler_;
  ParseState parse_;
  const bool may_take_ = !handler_.ChildrenOf().empty();
  std::vector<char> buffer_ = std::vector<char>(kXmlPiece);
  size_t first_ = 0;
  size_t last_ = 0;
  uint64_t given_ = 0;  // Bytes the parser has got.
  uint64_t lines_ = 0;  // Ends of lines that it has not.
  bool ended_ = false;
};

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
  return Feeder(stream, part, handler, parser.get()).Run(bytes);
}

}  // namespace cairn::pipeline

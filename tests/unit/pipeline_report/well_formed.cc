#include "tests/unit/pipeline_report/well_formed.h"

#include <expat.h>
#include <fmt/format.h>

namespace cairn::pipeline {

std::string XmlError(std::string_view xml) {
  XML_Parser parser = XML_ParserCreate("UTF-8");
  std::string error;
  if (XML_Parse(parser, xml.data(), static_cast<int>(xml.size()), 1) != XML_STATUS_OK) {
    const auto at = static_cast<size_t>(XML_GetCurrentByteIndex(parser));
    error = fmt::format("{} at byte {}: …{}…", XML_ErrorString(XML_GetErrorCode(parser)), at,
                        xml.substr(at > 60 ? at - 60 : 0, 120));
  }
  XML_ParserFree(parser);
  return error;
}

}  // namespace cairn::pipeline

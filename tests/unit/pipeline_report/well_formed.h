#ifndef CAIRN_TESTS_UNIT_PIPELINE_REPORT_WELL_FORMED_H_
#define CAIRN_TESTS_UNIT_PIPELINE_REPORT_WELL_FORMED_H_

#include <string>
#include <string_view>

namespace cairn::pipeline {

// What an XML parser says against `xml`, empty if it is well-formed.
std::string XmlError(std::string_view xml);

}  // namespace cairn::pipeline

#endif  // CAIRN_TESTS_UNIT_PIPELINE_REPORT_WELL_FORMED_H_

#ifndef CAIRN_PIPELINE_REPORT_EMBEDDED_LIBRARY_H_
#define CAIRN_PIPELINE_REPORT_EMBEDDED_LIBRARY_H_

#include <string_view>

namespace cairn::pipeline {

// The files of the chart library as the build found them; both empty where it found none. The
// source with their bytes is made by CMake.
std::string_view EmbeddedECharts();
std::string_view EmbeddedEChartsGl();

}  // namespace cairn::pipeline

#endif  // CAIRN_PIPELINE_REPORT_EMBEDDED_LIBRARY_H_

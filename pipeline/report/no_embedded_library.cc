#include "pipeline/report/embedded_library.h"

namespace cairn::pipeline {

std::string_view EmbeddedECharts() { return {}; }
std::string_view EmbeddedEChartsGl() { return {}; }

}  // namespace cairn::pipeline

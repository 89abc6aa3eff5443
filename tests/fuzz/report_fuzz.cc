// Stored reports: what can be read can be drawn, and reads back as it was written.

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "pipeline/report/html_report.h"
#include "pipeline/report/report_json.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto report = cairn::pipeline::ParseReportJson({reinterpret_cast<const char*>(data), size});
  if (!report.ok()) return 0;
  const std::string text = cairn::pipeline::ReportJson(*report);
  const auto again = cairn::pipeline::ParseReportJson(text);
  if (!again.ok() || cairn::pipeline::ReportJson(*again) != text) std::abort();
  (void)cairn::pipeline::RenderReport(*report);
  return 0;
}

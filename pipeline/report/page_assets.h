#ifndef CAIRN_PIPELINE_REPORT_PAGE_ASSETS_H_
#define CAIRN_PIPELINE_REPORT_PAGE_ASSETS_H_

#include <string>
#include <string_view>

namespace cairn::pipeline {

// What every report page has, whatever its data.

// The page's CSS with the colours of the charts: light, dark where the reader prefers it or asks
// for it with the button, and for printing on A4.
const std::string& PageStyle();

// What runs in the page: the button for light and dark, and the charts that can be turned. It
// needs no library to run and leaves the still charts where there is none.
std::string_view PageScript();

// The library that draws the charts that can be turned, as one text of JavaScript, and its hash
// for a Content-Security-Policy (`sha256-…`). Both are empty where the build had none.
struct ChartLibrary {
  std::string text;
  std::string hash;
};
const ChartLibrary& EmbeddedChartLibrary();

// `sha256-` and the hash of a script in base64.
std::string ScriptHash(std::string_view script);

}  // namespace cairn::pipeline

#endif  // CAIRN_PIPELINE_REPORT_PAGE_ASSETS_H_

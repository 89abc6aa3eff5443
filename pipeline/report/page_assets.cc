#include "pipeline/report/page_assets.h"

#include <fmt/format.h>

#include <array>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/string_view.h"
#include "lib/base/digest.h"
#include "pipeline/report/charts/chart_colours.h"
#include "pipeline/report/embedded_library.h"

namespace cairn::pipeline {
namespace {

constexpr std::string_view kLayout = R"css(
*{box-sizing:border-box}
html{-webkit-text-size-adjust:100%;scroll-behavior:smooth}
body{margin:0 auto;padding:0 20px 40px;max-width:1280px;background:var(--page);color:var(--ink);
font:15px/1.5 system-ui,-apple-system,'Segoe UI',Roboto,'DejaVu Sans',sans-serif}
h1{font-size:1.9rem;line-height:1.2;margin:0;letter-spacing:-.01em}
h2{font-size:1.35rem;margin:48px 0 14px;padding-top:14px;border-top:1px solid var(--grid)}
h3{font-size:1.05rem;margin:0;overflow-wrap:anywhere}
h4{font-size:.78rem;margin:14px 0 4px;color:var(--muted);font-weight:600}
p{margin:6px 0;overflow-wrap:anywhere}
small{display:block;color:var(--muted);font-size:.8rem;font-weight:400}
.quiet,.source,figcaption,footer{color:var(--muted);font-size:.86rem}
.top{display:flex;gap:16px;justify-content:space-between;align-items:flex-start;padding-top:32px}
.top>div{min-width:0}
button{font:inherit;font-size:.82rem;color:var(--ink);background:var(--card);cursor:pointer;
border:1px solid var(--grid);border-radius:8px;padding:6px 12px;white-space:nowrap}
button:hover,button:focus-visible{border-color:var(--axis)}
.facts{display:grid;grid-template-columns:repeat(auto-fit,minmax(150px,1fr));gap:12px;margin:22px 0 14px}
.facts>div,.card,figure,.scroll,.reason,.lineage{background:var(--card);border:1px solid var(--grid);
border-radius:12px}
.facts>div{padding:12px 16px}
dt{color:var(--muted);font-size:.8rem}
dd{margin:0;overflow-wrap:anywhere}
.facts dd{font-size:clamp(1.1rem,2.2vw,1.55rem);overflow-wrap:normal;font-weight:650;
line-height:1.25;font-variant-numeric:tabular-nums}
.reason{padding:12px 16px;margin:0 0 12px}
.short h2{margin:18px 0 8px;padding:0;border:0}
.short ul{margin:0;padding:14px 18px 14px 36px;background:var(--card);border:1px solid var(--grid);
border-radius:12px;font-size:1.02rem}
.short li{margin:4px 0;overflow-wrap:anywhere}
section>h3{margin:22px 0 4px}
nav{display:flex;flex-wrap:wrap;gap:4px 16px;padding:6px 0}
nav a{color:var(--c0);text-decoration:none;font-size:.9rem}
nav a:hover{text-decoration:underline}
.cards{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(100%,360px),1fr));gap:16px}
.card{padding:16px 18px;border-top:5px solid var(--mine);min-width:0}
.card>header{display:flex;justify-content:space-between;gap:10px;align-items:baseline}
.card .number{color:var(--muted);font-size:.8rem;white-space:nowrap}
.card ol{margin:0;padding-left:1.3em;font-size:.88rem}
.card li{overflow-wrap:anywhere}
.card li small{display:inline}
.card svg{display:block;width:100%;height:auto;max-height:60px}
.card p{font-size:.9rem}
.pair{display:grid;grid-template-columns:1fr 1fr;gap:10px;margin:12px 0}
.pair dd{font-size:1.25rem;font-weight:650;font-variant-numeric:tabular-nums}
.medians{width:100%;font-size:.84rem}
.medians th,.medians td{padding:4px 0 4px 14px;white-space:normal}
.medians th:first-child{padding-left:0}
.medians td:last-child{vertical-align:middle}
.rank{display:block;position:relative;width:72px;height:8px;border-radius:4px;background:var(--grid)}
.rank::after{content:"";position:absolute;left:50%;top:0;bottom:0;width:1px;background:var(--axis)}
.rank i{position:absolute;top:-2px;width:12px;height:12px;margin-left:-6px;border-radius:6px;
background:var(--mine);z-index:1}
.figures{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,480px),1fr));gap:16px;
align-items:stretch;margin:14px 0}
.figures>div{min-width:0}
.figures .scroll{margin-top:0}
figure{margin:0;padding:14px 16px;min-width:0;display:flex;flex-direction:column}
figure.wide{grid-column:1/-1}
figcaption{margin-top:auto;padding-top:8px}
.still{overflow-x:auto}
.still .bg{fill:none}
.scroll,.still{background:linear-gradient(to right,var(--card) 14px,transparent) 0 0/40px 100% local,
linear-gradient(to left,var(--card) 14px,transparent) 100% 0/40px 100% local,
linear-gradient(to right,var(--shade),transparent) 0 0/12px 100%,
linear-gradient(to left,var(--shade),transparent) 100% 0/12px 100%,var(--card);
background-repeat:no-repeat}
.still svg{display:block;width:100%;height:auto;min-width:min(var(--drawn),520px);
max-width:calc(var(--drawn)*1.15);margin:0 auto}
.wide .still svg{min-width:min(var(--drawn),760px)}
.live{height:560px;max-height:80vh;overflow:hidden}
#live-sweep{height:400px}
.scroll{overflow-x:auto;margin:12px 0}
table{border-collapse:collapse;width:100%;font-size:.86rem}
caption{text-align:left;padding:10px 12px;font-weight:600}
th,td{text-align:left;padding:6px 12px;border-top:1px solid var(--grid);vertical-align:top;
max-width:26rem;overflow-wrap:break-word}
thead th{color:var(--muted);font-weight:600;white-space:nowrap}
tbody th{font-weight:500}
.medians thead th{border-top:0}
.num{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}
.medians .num{white-space:nowrap}
.prose{min-width:14rem}
td:not(.num){min-width:6.5rem}.medians td:not(.num){min-width:0}
.marked>*{background:var(--mark);font-weight:600}
details{margin:8px 0}
summary{cursor:pointer;color:var(--c0);font-size:.9rem}
.lineage{display:grid;grid-template-columns:minmax(120px,max-content) 1fr;gap:6px 18px;padding:14px 18px}
footer{margin-top:40px;border-top:1px solid var(--grid);padding-top:10px}
@media(max-width:600px){body{padding:0 14px 30px}h1{font-size:1.5rem}.facts{grid-template-columns:1fr 1fr}
.facts dd{font-size:1.2rem}.facts>div:last-child:nth-child(odd){grid-column:1/-1}.card,figure{padding:12px}.lineage{grid-template-columns:1fr;gap:2px}
.lineage dd{margin-bottom:8px}.live,#live-sweep{height:420px}}
@media print{@page{size:A4;margin:14mm}:root{--page:#fff}
body{max-width:none;padding:0;font-size:10pt}
nav,button,.live{display:none!important}.still{display:block!important;overflow:visible}
.still svg,.wide .still svg{min-width:0;max-width:100%}
.scroll,.still{background:var(--card)}.scroll{overflow:visible}.prose,td:not(.num){min-width:0}h2{margin-top:20px;break-after:avoid}h3{break-after:avoid}
.card,tr,.facts,.scroll,.short,.reason,.lineage{break-inside:avoid}p{break-inside:avoid}section>p{break-after:avoid}
figure{break-inside:avoid-page}
.cards{grid-template-columns:repeat(3,1fr);gap:10px}.card{zoom:.74}
.figures{grid-template-columns:1fr;gap:10px}.figures:has(>div){grid-template-columns:1fr 1fr}
figure:not(.wide) .still svg{max-width:150mm}figcaption,.quiet{font-size:8.5pt}.figures>div table{font-size:7pt}
.figures>div th,.figures>div td{padding:2px 4px}summary{list-style:none}
table{font-size:8pt}th,td{padding:3px 5px}thead th{white-space:normal}
.facts{grid-template-columns:repeat(5,1fr)}.facts dd{font-size:12pt}
*{print-color-adjust:exact;-webkit-print-color-adjust:exact}}
)css";

// ECharts GL computes the sizes of its buffers with `new Function`, which the page's policy
// forbids. These are a width or height times and through numbers, alone or as a pair.
constexpr std::string_view kExpressionMaker =
    "new Function(\"width\",\"height\",\"dpr\",\"return \"+";
constexpr std::string_view kExpressionReader = "cairnExpression(\"\"+";
constexpr std::string_view kExpressions = R"js(function cairnExpression(text) {
  var sizes = ['width', 'height', 'dpr'];
  var parts = text.replace(/^\s*\[|\]\s*$/g, '').split(',').map(function (part) {
    var words = /^\s*(width|height|dpr)((?:\s*[*\/]\s*[\d.]+)*)\s*$/.exec(part);
    if (!words) throw new Error(part);
    var factor = 1;
    words[2].replace(/([*\/])\s*([\d.]+)/g, function (all, sign, number) {
      factor *= sign === '*' ? +number : 1 / number;
    });
    return [sizes.indexOf(words[1]), factor];
  });
  return function () {
    var given = arguments;
    var values = parts.map(function (part) { return given[part[0]] * part[1]; });
    return text.indexOf('[') < 0 ? values[0] : values;
  };
}
)js";

constexpr std::string_view kLightPage =
    "color-scheme:light;--page:#f5f7f9;--mark:#eaf3fa;--shade:#1b243038;";
constexpr std::string_view kDarkPage =
    "color-scheme:dark;--page:#0e131a;--mark:#1c2a3a;--shade:#e6eaf038;";

std::string Variables(bool dark) {
  return std::string(dark ? kDarkPage : kLightPage) + ChartVariables(dark);
}

std::string MakePageStyle() {
  std::string out = fmt::format(
      ":root{{{0}}}@media screen and (prefers-color-scheme:dark)"
      "{{:root:not([data-theme=light]){{{1}}}}}@media screen{{:root[data-theme=dark]{{{1}}}}}",
      Variables(false), Variables(true));
  for (size_t i = 0; i < kSegmentColours; ++i) {
    out += fmt::format(".c{0}{{--mine:var(--c{0})}}", i);
  }
  out += ChartClasses();
  out += kLayout;
  return out;
}

ChartLibrary MakeChartLibrary() {
  ChartLibrary library;
  if (EmbeddedECharts().empty() || EmbeddedEChartsGl().empty()) return library;
  library.text = fmt::format("{}{}\n{}\n", kExpressions, EmbeddedECharts(), EmbeddedEChartsGl());
  // What would end the element, or what the browser reads otherwise than the bytes are: hashes are
  // of the text that the browser has.
  static constexpr std::array<std::pair<absl::string_view, absl::string_view>, 4> kReplaced = {
      {{"</script", "<\\/script"},
       {"<!--", "<\\!--"},
       {"\r\n", "\n"},
       {{kExpressionMaker.data(), kExpressionMaker.size()},
        {kExpressionReader.data(), kExpressionReader.size()}}}};
  absl::StrReplaceAll(kReplaced, &library.text);
  library.hash = ScriptHash(library.text);
  return library;
}

}  // namespace

const std::string& PageStyle() {
  static const auto& style = *new std::string(MakePageStyle());
  return style;
}

const ChartLibrary& EmbeddedChartLibrary() {
  static const auto& library = *new ChartLibrary(MakeChartLibrary());
  return library;
}

std::string ScriptHash(std::string_view script) {
  const Digest digest = DigestOf(script);
  return "sha256-" + absl::Base64Escape({reinterpret_cast<const char*>(digest.sha256.data()),
                                         digest.sha256.size()});
}

}  // namespace cairn::pipeline

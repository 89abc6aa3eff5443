#include "pipeline/report/charts/chart_colours.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

namespace cairn::pipeline {
namespace {

struct Colour {
  std::string_view name;
  std::string_view light;
  std::string_view dark;
};

constexpr std::array<Colour, 16> kColours = {{
    {"ink", "#1b2430", "#e6eaf0"},
    {"muted", "#5b6673", "#a3adba"},
    {"axis", "#8a94a0", "#6d7886"},
    {"grid", "#e4e8ed", "#2c3541"},
    {"card", "#ffffff", "#171d26"},
    {"idle", "#b9c1cb", "#56616f"},
    {"above", "#0072b2", "#2374b4"},
    {"below", "#c24e00", "#b85a18"},
    {"c0", "#0072b2", "#4aa3df"},
    {"c1", "#ce8300", "#eda92c"},
    {"c2", "#009e73", "#2fc299"},
    {"c3", "#c0619a", "#dc8fbb"},
    {"c4", "#d55e00", "#f0803c"},
    {"c5", "#489bd3", "#8fd0f7"},
    {"c6", "#a89500", "#e8d94a"},
    {"c7", "#6b7683", "#98a3b0"},
}};

enum class Form { kLight, kDark, kVariable };

std::string ColourText(std::string_view name, Form form) {
  if (form == Form::kVariable) return fmt::format("var(--{})", name);
  const auto* found = std::find_if(kColours.begin(), kColours.end(),
                                   [&](const Colour& colour) { return colour.name == name; });
  return std::string(form == Form::kLight ? found->light : found->dark);
}

// Sizes and widths: the same in the light and in the dark.
constexpr std::string_view kShapes =
    ".t,.ts,.tx,.tb,.tm,.ti{font-family:system-ui,-apple-system,'Segoe UI',Roboto,'DejaVu Sans',"
    "sans-serif;font-size:12px}.ts{font-size:11px}.tx{font-size:9px}.tb{font-weight:600}"
    ".ax,.gr,.rf,.hl,.la,.lb,.lm{fill:none;stroke-width:1}.rf{stroke-dasharray:4 3}"
    ".hl{stroke-width:1.5;stroke-dasharray:2 3}.la,.lb{stroke-width:2}"
    ".s0,.s1,.s2,.s3,.s4,.s5,.s6,.s7{fill:none;stroke-width:2;stroke-linejoin:round}"
    ".p0,.p1,.p2,.p3,.p4,.p5,.p6,.p7,.pm{fill:none;stroke-width:3.6;stroke-linecap:round;"
    "stroke-opacity:.55}.pm{stroke-width:3;stroke-opacity:.8}"
    ".r0,.r1,.r2,.r3,.r4,.r5,.r6,.r7{fill-opacity:.22;stroke-width:2;stroke-linejoin:round}"
    ".th{paint-order:stroke;stroke-width:3;stroke-linejoin:round}"
    ".thin{stroke-width:1.1;stroke-opacity:.5}.rib{fill-opacity:.45}"
    ".o1{fill-opacity:.1}.o2{fill-opacity:.2}.o3{fill-opacity:.3}.o4{fill-opacity:.4}"
    ".o5{fill-opacity:.5}.o6{fill-opacity:.6}.o7{fill-opacity:.7}.o8{fill-opacity:.8}"
    ".o9{fill-opacity:.9}";

std::string ColourRules(Form form) {
  const auto colour = [&](std::string_view name) { return ColourText(name, form); };
  std::string out = fmt::format(
      ".t,.ts,.tx,.tb{{fill:{0}}}.tm{{fill:{1}}}.ti{{fill:#fff}}.bg{{fill:{2}}}.th{{stroke:{2}}}"
      ".ax{{stroke:{3}}}.gr{{stroke:{4}}}.rf{{stroke:{1}}}.hl{{stroke:{0}}}.lm{{stroke:{5}}}"
      ".fm{{fill:{5}}}.pm{{stroke:{0}}}.hp{{fill:{6}}}.hn{{fill:{7}}}.fa{{fill:{8}}}.fb{{fill:{9}}}"
      ".la{{stroke:{8}}}.lb{{stroke:{9}}}",
      colour("ink"), colour("muted"), colour("card"), colour("axis"), colour("grid"),
      colour("idle"), colour("above"), colour("below"), colour("c0"), colour("c1"));
  for (size_t i = 0; i < kSegmentColours; ++i) {
    const std::string of_segment = colour(fmt::format("c{}", i));
    out += fmt::format(".f{0}{{fill:{1}}}.s{0},.p{0}{{stroke:{1}}}.r{0}{{fill:{1};stroke:{1}}}", i,
                       of_segment);
  }
  return out;
}

std::string OfSegment(char kind, size_t segment) {
  return {kind, static_cast<char>('0' + segment % kSegmentColours)};
}

}  // namespace

std::string_view ChartStyle() {
  static const auto& style =
      *new std::string(fmt::format("{}{}@media (prefers-color-scheme:dark){{{}}}", kShapes,
                                   ColourRules(Form::kLight), ColourRules(Form::kDark)));
  return style;
}

std::string_view ChartClasses() {
  static const auto& style = *new std::string(std::string(kShapes) + ColourRules(Form::kVariable));
  return style;
}

std::string ChartVariables(bool dark) {
  std::string out;
  for (const Colour& colour : kColours) {
    out += fmt::format("--{}:{};", colour.name, dark ? colour.dark : colour.light);
  }
  return out;
}

std::string SegmentFill(size_t segment) { return OfSegment('f', segment); }
std::string SegmentStroke(size_t segment) { return OfSegment('s', segment); }
std::string SegmentDots(size_t segment) { return OfSegment('p', segment); }
std::string SegmentArea(size_t segment) { return OfSegment('r', segment); }

std::string OpacityClass(double opacity) {
  const double tenth = std::isfinite(opacity) ? std::round(opacity * 10) : 1;
  return {'o', static_cast<char>('0' + static_cast<int>(std::clamp(tenth, 1.0, 9.0)))};
}

}  // namespace cairn::pipeline

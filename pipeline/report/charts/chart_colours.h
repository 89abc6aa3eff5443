#ifndef CAIRN_PIPELINE_REPORT_CHARTS_CHART_COLOURS_H_
#define CAIRN_PIPELINE_REPORT_CHARTS_CHART_COLOURS_H_

#include <cstddef>
#include <string>
#include <string_view>

namespace cairn::pipeline {

// What charts look like, in one place. Charts name classes only:
//   texts    t (12 px), ts (11 px), tx (9 px), tb (bold), tm (muted), ti (on a strong fill),
//            th (besides: with an edge in the colour of the ground, over lines)
//   lines    ax (axis), gr (grid), rf (dashed reference), hl (what is chosen), la, lb, lm
//   fills    fa and fb (two measures side by side), fm (muted), hp and hn (above and below zero),
//            bg (the chart's ground)
//   o1..o9   a tenth of opacity each
//   f0..f7   the fill of a segment; s0..s7 its line; p0..p7 its dots; r0..r7 its area, light
// The colours are those of Okabe and Ito, which colour-blind readers tell apart, darkened or
// lightened where the ground asks for it.

// For a file that stands alone: light, and dark where the reader prefers it. Programs that know
// no media queries draw it light.
std::string_view ChartStyle();

// The same rules by variables, for a page that has ChartVariables.
std::string_view ChartClasses();

// `--ink:#1b1f24;…`: the declarations of all variables.
std::string ChartVariables(bool dark);

// The classes of the segment at this place. Names stand beside colours everywhere: the ninth has
// the colour of the first.
inline constexpr size_t kSegmentColours = 8;
std::string SegmentFill(size_t segment);
std::string SegmentStroke(size_t segment);
std::string SegmentDots(size_t segment);
std::string SegmentArea(size_t segment);

// `o1`..`o9` for an opacity 0..1.
std::string OpacityClass(double opacity);

}  // namespace cairn::pipeline

#endif  // CAIRN_PIPELINE_REPORT_CHARTS_CHART_COLOURS_H_

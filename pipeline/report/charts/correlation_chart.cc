#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "pipeline/report/charts/chart_colours.h"
#include "pipeline/report/charts/chart_parts.h"
#include "pipeline/report/charts/charts.h"
#include "pipeline/report/charts/svg_canvas.h"
#include "pipeline/report/feature_text.h"
#include "pipeline/report/number_text.h"

namespace cairn::pipeline {
namespace {

// From here on a cell has its full colour and white text. Weaker ones stay light enough for dark
// text, and in the dark theme dark enough for light text: 4.5 : 1 at least.
constexpr double kFullFrom = 0.85;

std::string CellStyle(double value) {
  const double strength = std::abs(value);
  const std::string sign = value < 0 ? "hn" : "hp";
  return strength >= kFullFrom ? sign : sign + " " + OpacityClass(strength * 0.8);
}

void DrawCell(SvgCanvas* canvas, double x, double y, double cell, double value,
              const std::string& tip) {
  if (!std::isfinite(value)) {
    canvas->Text({x + cell / 2, y + cell / 2 + 3}, kNotMeasuredText, Anchor::kMiddle, "tx tm");
    return;
  }
  const double strength = std::min(std::abs(value), 1.0);
  const std::string style = CellStyle(value);
  canvas->Rect(x, y, cell - 1, cell - 1, style, tip);
  if (cell < 24) return;
  std::string text = Decimal(value, 1);
  if (text == "0.0") text = "0";
  canvas->Text({x + cell / 2, y + cell / 2 + 3}, text, Anchor::kMiddle,
               strength >= kFullFrom ? "ti tx" : "tx");
}

}  // namespace

std::string CorrelationChart(const std::vector<std::string>& features,
                             const std::vector<std::vector<double>>& matrix,
                             std::string_view title) {
  const size_t count = std::min(features.size(), matrix.size());
  if (count == 0) return NotMeasuredChart(title, "No correlations were computed.");
  constexpr double kLeft = 116;
  constexpr double kTop = 92;
  constexpr double kSide = 516;
  const double cell = kSide / static_cast<double>(count);
  SvgCanvas canvas(640, kTop + kSide + 28, title,
                   "A cell for each pair of features: blue above zero, orange below.");
  for (size_t row = 0; row < count; ++row) {
    const double y = kTop + cell * static_cast<double>(row);
    canvas.Text({kLeft - 6, y + cell / 2 + 4}, ShortFeatureLabel(features[row]), Anchor::kEnd,
                "ts");
    canvas.UprightText({kLeft + cell * static_cast<double>(row) + cell / 2 + 4, kTop - 6},
                       ShortFeatureLabel(features[row]), "ts");
    for (size_t column = 0; column < count; ++column) {
      const double value = ValueAt(matrix[row], column);
      DrawCell(&canvas, kLeft + cell * static_cast<double>(column), y, cell, value,
               fmt::format("{} and {}: {}", FeatureLabel(features[row]),
                           FeatureLabel(features[column]), Decimal(value, 3)));
    }
  }
  const double y = kTop + kSide + 10;
  for (int tenth = -10; tenth <= 10; ++tenth) {
    if (tenth != 0) canvas.Rect(300 + tenth * 12, y, 12, 8, CellStyle(tenth / 10.0));
  }
  canvas.Text({172, y + 8}, "-1", Anchor::kEnd, "ts");
  canvas.Text({440, y + 8}, "+1", Anchor::kStart, "ts");
  return canvas.Finish();
}

}  // namespace cairn::pipeline

#include "pipeline/lifecycle/backfill_chart.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>

#include "pipeline/monitoring/drift_json.h"
#include "pipeline/report/calendar_text.h"
#include "pipeline/report/charts/chart_colours.h"
#include "pipeline/report/charts/chart_parts.h"
#include "pipeline/report/charts/svg_canvas.h"
#include "pipeline/report/charts/ticks.h"
#include "pipeline/report/number_text.h"

namespace cairn::pipeline {
namespace {

constexpr double kChartWidth = 960;
constexpr double kPanelLeft = 90;
constexpr double kPanelRight = 940;
constexpr double kNothing = std::numeric_limits<double>::quiet_NaN();

using FigureOf = std::function<double(const BackfillMonth&)>;

// Segments by name, in the order in which they first served.
std::vector<std::string> SegmentNamesOf(const std::vector<BackfillMonth>& months) {
  std::vector<std::string> names;
  for (const BackfillMonth& month : months) {
    for (const ServedSegment& segment : month.segments) {
      if (std::find(names.begin(), names.end(), segment.name) == names.end()) {
        names.push_back(segment.name);
      }
    }
  }
  return names;
}

const ServedSegment* SegmentNamed(const BackfillMonth& month, const std::string& name) {
  const auto found =
      std::find_if(month.segments.begin(), month.segments.end(),
                   [&name](const ServedSegment& segment) { return segment.name == name; });
  return found == month.segments.end() ? nullptr : &*found;
}

// What moved production is blue, what was stopped orange; where nothing was to be decided it is
// grey.
std::string_view DecisionStyle(const std::string& outcome) {
  if (outcome == "promoted") return "hp";
  return outcome == "refused" || outcome == "held_back" ? "hn" : "fm";
}

class YearPicture {
 public:
  explicit YearPicture(const std::vector<BackfillMonth>& months)
      : months_(months),
        names_(SegmentNamesOf(months)),
        legend_(names_.empty() ? 0 : LegendHeight(kPanelRight - kPanelLeft, names_)),
        canvas_(kChartWidth, 730 + legend_, "A year of decisions",
                fmt::format("{} months: decision, drift, segments, money and who stayed",
                            months.size())),
        x_(0, std::max(1.0, static_cast<double>(months.size()) - 1), kPanelLeft + 30,
           kPanelRight - 30) {}

  std::string Draw() {
    DrawDecisions(40);
    DrawLine(
        {kPanelLeft, 146, kPanelRight, 236},
        "Drift: the largest population stability index of a feature",
        [](const BackfillMonth& month) {
          const auto& features = month.turn.drift.features;
          return features ? features->psi_max : kNothing;
        },
        [](double value) { return fmt::format("{:.2g}", value); });
    if (!names_.empty()) {
      DrawLegend(&canvas_, {kPanelLeft, 252}, kPanelRight - kPanelLeft, names_);
    }
    const double below = 252 + legend_;
    DrawStack({kPanelLeft, below + 34, kPanelRight, below + 164}, "Customers by segment",
              [](const ServedSegment& segment) { return static_cast<double>(segment.customers); });
    DrawStack({kPanelLeft, below + 204, kPanelRight, below + 334},
              "Revenue by segment, of all months so far",
              [](const ServedSegment& segment) { return segment.spend; });
    DrawLine(
        {kPanelLeft, below + 374, kPanelRight, below + 444},
        "Share that kept the name of their segment",
        [](const BackfillMonth& month) { return month.same_name_share.value_or(kNothing); },
        [](double value) { return fmt::format("{:.0f} %", 100 * value); });
    DrawMonths(below + 464);
    return canvas_.Finish();
  }

 private:
  double XOf(size_t month) const { return x_(static_cast<double>(month)); }

  // One mark a month: what became of it, and the version that serves then.
  void DrawDecisions(double top) {
    canvas_.Text({kPanelLeft, top - 14},
                 "What was decided, the version in production, and the verdict on drift",
                 Anchor::kStart, "tb");
    for (size_t i = 0; i < months_.size(); ++i) {
      const BackfillMonth& month = months_[i];
      const std::string& outcome = month.turn.outcome_word;
      const bool moved = outcome == "promoted";
      const bool held = outcome == "held_back";
      canvas_.Circle({XOf(i), top + 14}, moved || held ? 9 : 5, DecisionStyle(outcome),
                     fmt::format("{}: {}", month.month, outcome));
      std::string word = outcome;
      std::replace(word.begin(), word.end(), '_', ' ');
      canvas_.Text({XOf(i), top + 42}, word, Anchor::kMiddle, "ts");
      if (!month.served_version.empty()) {
        canvas_.Text({XOf(i), top + 57}, "version " + VersionNumber(month.served_version),
                     Anchor::kMiddle, "ts");
      }
      if (month.turn.drift.features) {
        canvas_.Text({XOf(i), top + 72}, DriftVerdictName(VerdictOf(month.turn.drift)),
                     Anchor::kMiddle, "ts tm");
      }
    }
  }

  void DrawLine(const Frame& frame, std::string_view title, const FigureOf& figure,
                const TickText& text) {
    ValueRange range;
    range.Add(0);
    Series series{{}, {}, "la", "fa"};
    for (size_t i = 0; i < months_.size(); ++i) {
      series.x.push_back(static_cast<double>(i));
      series.y.push_back(figure(months_[i]));
      range.Add(series.y.back());
    }
    const Ticks ticks = NiceTicks(range.low, range.high, 3);
    DrawLeftAxis(&canvas_, frame, ticks, text, title);
    DrawSeries(&canvas_, x_, Scale(ticks.low, ticks.high, frame.bottom, frame.top), series);
  }

  // Segments on top of each other, a column a month.
  void DrawStack(const Frame& frame, std::string_view title,
                 const std::function<double(const ServedSegment&)>& figure) {
    double most = 0;
    for (const BackfillMonth& month : months_) {
      double sum = 0;
      for (const ServedSegment& segment : month.segments) sum += std::max(0.0, figure(segment));
      most = std::max(most, sum);
    }
    const Ticks ticks = NiceTicks(0, most, 4);
    DrawLeftAxis(
        &canvas_, frame, ticks, [](double value) { return Compact(value); }, title);
    const Scale y(ticks.low, ticks.high, frame.bottom, frame.top);
    const double width = 0.62 * frame.Width() / static_cast<double>(months_.size());
    for (size_t i = 0; i < months_.size(); ++i) {
      double below = 0;
      for (size_t s = 0; s < names_.size(); ++s) {
        const ServedSegment* segment = SegmentNamed(months_[i], names_[s]);
        if (segment == nullptr) continue;
        const double value = std::max(0.0, figure(*segment));
        canvas_.Rect(XOf(i) - width / 2, y(below + value), width, y(below) - y(below + value),
                     SegmentFill(s),
                     fmt::format("{}, {}: {}", months_[i].month, names_[s], Compact(value)));
        below += value;
      }
    }
  }

  void DrawMonths(double y) {
    for (size_t i = 0; i < months_.size(); ++i) {
      canvas_.Text({XOf(i), y}, ShortMonth(months_[i].month), Anchor::kMiddle, "ts");
    }
  }

  const std::vector<BackfillMonth>& months_;
  const std::vector<std::string> names_;
  const double legend_;
  SvgCanvas canvas_;
  const Scale x_;
};

}  // namespace

std::string BackfillChart(const std::vector<BackfillMonth>& months) {
  if (months.empty()) return NotMeasuredChart("A year of decisions", "there are no months");
  return YearPicture(months).Draw();
}

}  // namespace cairn::pipeline

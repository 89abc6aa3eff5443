#ifndef CAIRN_PIPELINE_REPORT_FEATURE_TEXT_H_
#define CAIRN_PIPELINE_REPORT_FEATURE_TEXT_H_

#include <string>
#include <string_view>

namespace cairn::pipeline {

// What readers see of a feature. The fifteen features of the pipeline have words and units of
// their own; of any other the name is shown with blanks for underscores, without a unit.

// `Total_Spend` is `Total spend`; fits a heading.
std::string FeatureLabel(std::string_view name);

// At most fourteen characters, for the spokes of a radar and the sides of a heat map.
std::string ShortFeatureLabel(std::string_view name);

// Whether it is a place on the clock or in the week: its values have an order, but a high one is
// not more of anything.
bool IsClock(std::string_view name);

// What a value is counted in: `days`, `invoices`, the currency, `per month`; empty where it has no
// unit or the value says it itself.
std::string FeatureUnit(std::string_view name, std::string_view currency);

// A value with its unit: `£1,926`, `1 day`, `12 days`, `35.0 %`, `Thursday`, `12:00`.
std::string FeatureValue(std::string_view name, double value, std::string_view currency);

// The same beside a label that says what is counted: `12`, and `£63` of an amount per month.
std::string FeatureFigure(std::string_view name, double value, std::string_view currency);

// The same for an axis: short, without words.
std::string FeatureTick(std::string_view name, double value);

}  // namespace cairn::pipeline

#endif  // CAIRN_PIPELINE_REPORT_FEATURE_TEXT_H_

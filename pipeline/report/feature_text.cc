#include "pipeline/report/feature_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "pipeline/report/charts/svg_text.h"
#include "pipeline/report/number_text.h"

namespace cairn::pipeline {
namespace {

enum class Kind { kPlain, kCount, kMoney, kMoneyPerMonth, kShare, kWeekday, kHour };

struct FeatureWords {
  std::string_view name;
  std::string_view label;
  std::string_view brief;
  Kind kind = Kind::kPlain;
  std::string_view unit = {};
  std::string_view one = {};  // Of the unit, where it is counted.
};

constexpr std::array<FeatureWords, 15> kWords = {{
    {"Days_Since_Last_Purchase", "Days since last purchase", "Days since", Kind::kCount, "days",
     "day"},
    {"Total_Transactions", "Transactions", "Transactions", Kind::kCount, "invoices", "invoice"},
    {"Total_Products_Purchased", "Items bought", "Items", Kind::kCount, "items", "item"},
    {"Total_Spend", "Total spend", "Spend", Kind::kMoney},
    {"Average_Transaction_Value", "Average transaction", "Basket", Kind::kMoney},
    {"Unique_Products_Purchased", "Different products", "Variety", Kind::kCount, "products",
     "product"},
    {"Average_Days_Between_Purchases", "Days between purchases", "Gap", Kind::kCount, "days",
     "day"},
    {"Day_Of_Week", "Favourite weekday", "Weekday", Kind::kWeekday, "weekday"},
    {"Hour", "Favourite hour", "Hour", Kind::kHour, "hour of the day"},
    {"Is_UK", "In the home country", "Home country", Kind::kShare, "share of customers"},
    {"Cancellation_Frequency", "Cancellations", "Cancels", Kind::kCount, "invoices", "invoice"},
    {"Cancellation_Rate", "Cancellation rate", "Cancel rate", Kind::kShare, "share of invoices"},
    {"Monthly_Spending_Mean", "Monthly spend, mean", "Monthly", Kind::kMoneyPerMonth},
    {"Monthly_Spending_Std", "Monthly spend, deviation", "Monthly dev.", Kind::kMoneyPerMonth},
    {"Spending_Trend", "Spending trend", "Trend", Kind::kMoneyPerMonth},
}};
constexpr std::array<std::string_view, 7> kWeekdays = {
    "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"};

const FeatureWords* WordsOf(std::string_view name) {
  const auto* found = std::find_if(kWords.begin(), kWords.end(),
                                   [&](const FeatureWords& words) { return words.name == name; });
  return found == kWords.end() ? nullptr : found;
}

Kind KindOf(std::string_view name) {
  const FeatureWords* words = WordsOf(name);
  return words == nullptr ? Kind::kPlain : words->kind;
}

std::string CountText(double value) {
  return value == std::floor(value) ? Decimal(value, 0)
                                    : Decimal(value, std::abs(value) < 10 ? 1 : 0);
}

// The name of a weekday 0..6, of what lies between two or outside the number.
std::string WeekdayText(double value, size_t letters) {
  if (value != std::floor(value) || value < 0 || value > 6) return Compact(value);
  return std::string(kWeekdays[static_cast<size_t>(value)].substr(0, letters));
}

}  // namespace

std::string FeatureLabel(std::string_view name) {
  if (const FeatureWords* words = WordsOf(name)) return std::string(words->label);
  std::string label(name);
  std::replace(label.begin(), label.end(), '_', ' ');
  return label;
}

std::string ShortFeatureLabel(std::string_view name) {
  if (const FeatureWords* words = WordsOf(name)) return std::string(words->brief);
  return Ellipsis(FeatureLabel(name), 14);
}

bool IsClock(std::string_view name) {
  return KindOf(name) == Kind::kWeekday || KindOf(name) == Kind::kHour;
}

std::string FeatureUnit(std::string_view name, std::string_view currency) {
  const FeatureWords* words = WordsOf(name);
  if (words == nullptr) return "";
  if (words->kind == Kind::kMoney) return std::string(currency);
  if (words->kind == Kind::kMoneyPerMonth) {
    return currency.empty() ? "per month" : fmt::format("{} per month", currency);
  }
  return std::string(words->unit);
}

std::string FeatureValue(std::string_view name, double value, std::string_view currency) {
  if (!std::isfinite(value)) return std::string(kNotMeasuredText);
  switch (KindOf(name)) {
    case Kind::kMoney:
      return Money(currency, value);
    case Kind::kMoneyPerMonth:
      return Money(currency, value) + " / month";
    case Kind::kShare:
      return Percent(value);
    case Kind::kWeekday:
      return WeekdayText(value, std::string_view::npos);
    case Kind::kHour:
      return Decimal(value, value == std::floor(value) ? 0 : 1) + ":00";
    case Kind::kCount:
      return fmt::format("{} {}", CountText(value),
                         value == 1 ? WordsOf(name)->one : WordsOf(name)->unit);
    case Kind::kPlain:
      break;
  }
  return CountText(value);
}

std::string FeatureFigure(std::string_view name, double value, std::string_view currency) {
  if (std::isfinite(value) && KindOf(name) == Kind::kCount) return CountText(value);
  if (KindOf(name) == Kind::kMoney || KindOf(name) == Kind::kMoneyPerMonth) {
    return WholeMoney(currency, value);
  }
  return FeatureValue(name, value, currency);
}

std::string FeatureTick(std::string_view name, double value) {
  if (!std::isfinite(value)) return std::string(kNotMeasuredText);
  if (KindOf(name) == Kind::kWeekday) return WeekdayText(value, 3);
  if (KindOf(name) == Kind::kShare) return Decimal(value * 100, 0) + " %";
  return Compact(value);
}

}  // namespace cairn::pipeline

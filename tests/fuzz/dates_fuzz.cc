// Any text may stand where a date should: reading ends with none or an instant of the years that
// are allowed, whatever blanks stand around it, and an instant is written so that it reads back.

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "pipeline/data/dates.h"

namespace {

using cairn::pipeline::CivilDate;
using cairn::pipeline::CivilFromDays;
using cairn::pipeline::DateOrder;
using cairn::pipeline::DateShape;
using cairn::pipeline::DayOf;
using cairn::pipeline::DaysFromCivil;
using cairn::pipeline::ExcelEpoch;
using cairn::pipeline::FormatDateTime;
using cairn::pipeline::HourOf;
using cairn::pipeline::ParseDateTime;
using cairn::pipeline::WeekdayOf;

void Require(bool holds) {
  if (!holds) std::abort();
}

void CheckInstant(int64_t time, DateOrder order) {
  const CivilDate date = CivilFromDays(DayOf(time));
  Require(date.year >= 1900 && date.year <= 9999);
  Require(DaysFromCivil(date) == DayOf(time));
  Require(HourOf(time) >= 0 && HourOf(time) < 24);
  Require(WeekdayOf(DayOf(time)) >= 0 && WeekdayOf(DayOf(time)) < 7);
  // A date that begins with a year of four digits is the same in every order.
  Require(ParseDateTime(FormatDateTime(time), ExcelEpoch::k1900, order) == time);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const std::string padded = " " + std::string(text) + " ";
  for (const ExcelEpoch epoch : {ExcelEpoch::k1900, ExcelEpoch::k1904}) {
    for (const DateOrder order :
         {DateOrder::kDayFirst, DateOrder::kMonthFirst, DateOrder::kYearFirst}) {
      DateShape shape;
      const auto time = ParseDateTime(text, epoch, order, &shape);
      Require(ParseDateTime(text, epoch, order) == time);
      Require(ParseDateTime(padded, epoch, order) == time);
      if (time) CheckInstant(*time, order);
    }
  }
  return 0;
}

#include "pipeline/insight/month_table.h"

#include <algorithm>
#include <limits>

#include "fmt/format.h"
#include "lib/clustering/parallel.h"
#include "pipeline/data/dates.h"
#include "pipeline/insight/money.h"

namespace cairn::pipeline {
namespace {

// Counts distinct things by segment and month. Each is known by a number; a thing mostly comes with
// the cell it came with last, and only changes of cell are kept.
class CellCounter {
 public:
  explicit CellCounter(size_t things) : last_(things, kNoCell) {}

  void Add(uint32_t thing, size_t segment, size_t month) {
    const uint64_t cell = month << kSegmentBits | segment;
    if (last_[thing] == cell) return;
    last_[thing] = static_cast<uint32_t>(cell);
    changes_.push_back(uint64_t{thing} << 32 | cell);
  }

  // Calls segment(segment, month), whole(month) and once() for every distinct one.
  template <typename InSegment, typename InWhole, typename Once>
  void Count(const InSegment& in_segment, const InWhole& in_whole, const Once& once) {
    std::sort(changes_.begin(), changes_.end());
    changes_.erase(std::unique(changes_.begin(), changes_.end()), changes_.end());
    uint64_t before = std::numeric_limits<uint64_t>::max();
    for (const uint64_t change : changes_) {
      const size_t month = (change & kCellMask) >> kSegmentBits;
      in_segment(change & kSegmentMask, month);
      if (change >> kSegmentBits != before >> kSegmentBits) in_whole(month);
      if (change >> 32 != before >> 32) once();
      before = change;
    }
  }

 private:
  // 1024 segments and none of them take 11 bits; the months of years 1900..9999 take 17.
  static constexpr int kSegmentBits = 11;
  static constexpr uint64_t kSegmentMask = (uint64_t{1} << kSegmentBits) - 1;
  static constexpr uint64_t kCellMask = 0xffffffff;
  static constexpr uint32_t kNoCell = std::numeric_limits<uint32_t>::max();

  std::vector<uint32_t> last_;
  std::vector<uint64_t> changes_;
};

// The months of the data, and the place of each day's among them.
struct Calendar {
  int64_t first_day = 0;
  int64_t last_day = 0;
  std::vector<int32_t> months;         // Months since year 0, ascending.
  std::vector<uint32_t> place_of_day;  // Since first_day.

  size_t Place(int64_t time) const {
    return place_of_day[static_cast<size_t>(DayOf(time) - first_day)];
  }
};

Calendar MakeCalendar(const TransactionTable& table) {
  constexpr int32_t kMostMonths = 1200;
  const std::vector<int64_t>& times = *table.columns().time;
  int64_t first = std::numeric_limits<int64_t>::max();
  int64_t last = std::numeric_limits<int64_t>::min();
  for (const uint32_t row : table.selection()) {
    first = std::min(first, times[row]);
    last = std::max(last, times[row]);
  }
  Calendar calendar;
  calendar.first_day = DayOf(first);
  calendar.last_day = DayOf(last);
  const int32_t first_month = MonthOf(calendar.first_day);
  const int32_t last_month = MonthOf(calendar.last_day);
  std::vector<uint8_t> present(static_cast<size_t>(last_month - first_month) + 1,
                               last_month - first_month < kMostMonths ? 1 : 0);
  if (present.front() == 0) {
    for (const uint32_t row : table.selection()) {
      present[static_cast<size_t>(MonthOf(DayOf(times[row])) - first_month)] = 1;
    }
  }
  std::vector<uint32_t> place(present.size(), 0);
  for (size_t m = 0; m < present.size(); ++m) {
    place[m] = static_cast<uint32_t>(calendar.months.size());
    if (present[m] != 0) calendar.months.push_back(first_month + static_cast<int32_t>(m));
  }
  for (int64_t day = calendar.first_day; day <= calendar.last_day; ++day) {
    calendar.place_of_day.push_back(place[static_cast<size_t>(MonthOf(day) - first_month)]);
  }
  return calendar;
}

std::string DayText(int64_t day) { return FormatDateTime(day * kSecondsPerDay).substr(0, 10); }

std::vector<MonthFigures> EmptyMonths(const Calendar& calendar) {
  std::vector<MonthFigures> months(calendar.months.size());
  for (size_t m = 0; m < months.size(); ++m) {
    const int32_t month = calendar.months[m];
    months[m].month = fmt::format("{:04}-{:02}", month / 12, month % 12 + 1);
  }
  return months;
}

// Spend by segment (one more for none) and month, in ten-thousandths.
using MoneyTable = std::vector<std::vector<double>>;

void FillMoney(const MoneyTable& money, MonthTable* out) {
  std::vector<double> whole(out->whole.size(), 0);
  for (size_t s = 0; s < money.size(); ++s) {
    double sum = 0;
    for (size_t m = 0; m < whole.size(); ++m) {
      sum += money[s][m];
      whole[m] += money[s][m];
      if (s < out->segments.size()) out->segments[s][m].spend = MoneyOf(money[s][m]);
    }
    out->segment_units.push_back(sum);
    out->units += sum;
  }
  for (size_t m = 0; m < whole.size(); ++m) out->whole[m].spend = MoneyOf(whole[m]);
}

}  // namespace

MonthTable ComputeMonths(const TransactionTable& table, const SegmentRows& rows,
                         std::span<const int32_t> segment_of_customer, int threads) {
  const size_t k = static_cast<size_t>(rows.k);
  MonthTable out;
  out.segments.resize(k);
  if (table.rows() == 0) {
    out.segment_units.assign(k + 1, 0);
    return out;
  }
  const Calendar calendar = MakeCalendar(table);
  const TransactionColumns& columns = table.columns();
  out.first_day = DayText(calendar.first_day);
  out.last_day = DayText(calendar.last_day);
  out.whole = EmptyMonths(calendar);
  out.segments.assign(k, out.whole);
  const auto segment_of = [&](int32_t customer) {
    return customer < 0 ? k : static_cast<size_t>(segment_of_customer[customer]);
  };
  MoneyTable money(k + 1, std::vector<double>(out.whole.size(), 0));
  const auto customers_and_money = [&] {
    CellCounter counter(segment_of_customer.size());
    for (size_t i = 0; i < table.rows(); ++i) {
      const uint32_t row = table.selection()[i];
      const int32_t customer = rows.customers[i];
      const size_t segment = segment_of(customer);
      const size_t month = calendar.Place((*columns.time)[row]);
      money[segment][month] += LineUnits((*columns.quantity)[row], (*columns.unit_price)[row]);
      if (customer >= 0) counter.Add(static_cast<uint32_t>(customer), segment, month);
    }
    counter.Count([&](size_t s, size_t m) { ++out.segments[s][m].customers; },
                  [&](size_t m) { ++out.whole[m].customers; }, [&] { ++out.customers; });
  };
  const auto invoices = [&] {
    CellCounter counter(columns.invoice.dictionary->size());
    for (size_t i = 0; i < table.rows(); ++i) {
      const uint32_t row = table.selection()[i];
      counter.Add(columns.invoice.code(row), segment_of(rows.customers[i]),
                  calendar.Place((*columns.time)[row]));
    }
    counter.Count(
        [&](size_t s, size_t m) {
          if (s < k) ++out.segments[s][m].invoices;
        },
        [&](size_t m) { ++out.whole[m].invoices; }, [&] { ++out.invoices; });
  };
  clustering::Parallel pool(std::min(threads, 2));
  pool.For(2, [&](size_t task) { task == 0 ? customers_and_money() : invoices(); });
  FillMoney(money, &out);
  return out;
}

}  // namespace cairn::pipeline

#ifndef CAIRN_PIPELINE_REPORT_CHARTS_TICKS_H_
#define CAIRN_PIPELINE_REPORT_CHARTS_TICKS_H_

#include <vector>

namespace cairn::pipeline {

// Where an axis has its marks: at multiples of 1, 2 or 5 times a power of ten.
struct Ticks {
  double low = 0;  // The first and the last mark; the values lie between them.
  double high = 1;
  double step = 1;
  std::vector<double> values;  // 2..~12, ascending.
};

// Marks for values from `low` to `high`, about `wanted` of them (>= 2). Where both are the same,
// or not finite, or so far apart that no double holds the difference, the axis is one around them
// or 0..1. `low` > `high` is taken the other way round.
Ticks NiceTicks(double low, double high, int wanted);

// sign(x)·log10(1+|x|): what the axis of a heavy-tailed feature is even in, and the value there.
double SignedLog(double value);
double FromSignedLog(double position);

// Marks on such an axis: 0 and powers of ten with either sign within low..high, thinned to at most
// `wanted`.
std::vector<double> SignedLogTicks(double low, double high, int wanted);

// A value's place on an axis from `from` to `to` (pixels), linear in between. Values outside
// [low, high] are put at its ends. With low == high everything is in the middle.
class Scale {
 public:
  Scale(double low, double high, double from, double to, bool signed_log = false);
  double operator()(double value) const;

 private:
  double low_;
  double high_;
  double from_;
  double to_;
  bool signed_log_;
};

}  // namespace cairn::pipeline

#endif  // CAIRN_PIPELINE_REPORT_CHARTS_TICKS_H_

#include "pipeline/report/interactive_data.h"

#include <algorithm>
#include <charconv>
#include <cmath>

#include "pipeline/report/charts/chart_parts.h"
#include "pipeline/report/charts/sweep_axes.h"

namespace cairn::pipeline {
namespace {

// JSON whose strings are inert in HTML: everything but plain characters is an escape. Bytes of
// UTF-8 stay; what is no UTF-8 the browser replaces.
void AppendString(std::string_view text, std::string* out) {
  static constexpr std::string_view kDigits = "0123456789abcdef";
  *out += '"';
  for (const char c : text) {
    const auto byte = static_cast<uint8_t>(c);
    if (byte >= 0x20 && byte != 0x7F && std::string_view("\"\\<>&'").find(c) == std::string::npos) {
      *out += c;
      continue;
    }
    *out += "\\u00";
    *out += kDigits[byte >> 4];
    *out += kDigits[byte & 15];
  }
  *out += '"';
}

void AppendWhole(int64_t value, std::string* out) {
  char buffer[24];
  out->append(buffer, std::to_chars(buffer, buffer + sizeof buffer, value).ptr);
}

// Thousandths, without a double's long tail.
void AppendThousandths(double value, std::string* out) {
  const auto parts = static_cast<int64_t>(std::lround(std::clamp(value, -1e9, 1e9) * 1000));
  if (parts < 0) *out += '-';
  const int64_t size = parts < 0 ? -parts : parts;
  AppendWhole(size / 1000, out);
  if (size % 1000 == 0) return;
  *out += '.';
  const int64_t rest = size % 1000;
  *out += static_cast<char>('0' + rest / 100);
  if (rest % 100 == 0) return;
  *out += static_cast<char>('0' + rest / 10 % 10);
  if (rest % 10 != 0) *out += static_cast<char>('0' + rest % 10);
}

void AppendNumber(double value, std::string* out) {
  if (!std::isfinite(value)) {
    *out += "null";
    return;
  }
  char buffer[32];
  out->append(buffer, std::to_chars(buffer, buffer + sizeof buffer, value).ptr);
}

// `[a,b,…]` of what `append` writes for each.
template <typename Range, typename Append>
void AppendList(std::string_view name, const Range& values, const Append& append,
                std::string* out) {
  AppendString(name, out);
  *out += ":[";
  bool first = true;
  for (const auto& value : values) {
    if (!first) *out += ',';
    first = false;
    append(value, out);
  }
  *out += ']';
}

// Places of the points that have finite coordinates and all that stands beside them.
std::vector<size_t> DrawablePoints(const PointCloud& cloud) {
  std::vector<size_t> places;
  for (size_t i = 0; i < std::min(cloud.points.size(), cloud.segments.size()); ++i) {
    const auto& point = cloud.points[i];
    if (std::all_of(point.begin(), point.end(), [](double part) { return std::isfinite(part); })) {
      places.push_back(i);
    }
  }
  return places;
}

void AppendPoint(const PointCloud& cloud, size_t i, std::string* out) {
  *out += '[';
  for (const double part : cloud.points[i]) {
    AppendThousandths(part, out);
    *out += ',';
  }
  AppendWhole(std::max(cloud.segments[i], 0), out);
  *out += i < cloud.outliers.size() && cloud.outliers[i] ? ",1]" : ",0]";
}

}  // namespace

std::string InteractiveData(const ReportData& data) {
  const PointCloud& cloud = data.points;
  const std::vector<size_t> places = DrawablePoints(cloud);
  std::string out = "{";
  out.reserve(places.size() * 40 + data.sweep.size() * 200 + 1000);
  AppendList("segments", SegmentLabels(data), AppendString, &out);
  out += ',';
  AppendList(
      "customers", places,
      [&](size_t i, std::string* to) {
        AppendString(i < cloud.customers.size() ? cloud.customers[i] : std::string(), to);
      },
      &out);
  out += ',';
  AppendList(
      "points", places, [&](size_t i, std::string* to) { AppendPoint(cloud, i, to); }, &out);
  out += ',';
  AppendList(
      "axes", SweepAxes(data),
      [](const SweepAxis& axis, std::string* to) {
        *to += "{\"name\":";
        AppendString(axis.label, to);
        *to += axis.key.ends_with("_share") ? ",\"share\":true," : ",\"share\":false,";
        AppendList("values", axis.values, AppendNumber, to);
        *to += '}';
      },
      &out);
  out += ',';
  AppendList(
      "runs", data.sweep,
      [](const SweepLine& line, std::string* to) { AppendString(line.name, to); }, &out);
  const auto chosen = std::find_if(data.sweep.begin(), data.sweep.end(),
                                   [](const SweepLine& line) { return line.chosen; });
  out += ",\"chosen\":";
  AppendWhole(chosen == data.sweep.end() ? -1 : chosen - data.sweep.begin(), &out);
  out += '}';
  return out;
}

}  // namespace cairn::pipeline

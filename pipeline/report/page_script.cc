#include "pipeline/report/page_assets.h"

namespace cairn::pipeline {
namespace {

// One function in four pieces, so that each can be read alone. Texts of the data are drawn on a
// canvas and never become markup.

// Colours, and the button for light and dark. Charts that were started are drawn again in the
// other colours.
constexpr std::string_view kColours = R"js((function () {
  'use strict';
  var root = document.documentElement;
  var prefersDark = window.matchMedia('(prefers-color-scheme: dark)');
  var charts = [];
  function dark() { return root.dataset.theme ? root.dataset.theme === 'dark' : prefersDark.matches; }
  function colour(name) { return getComputedStyle(root).getPropertyValue('--' + name).trim(); }
  function redraw() { charts.forEach(function (one) { one.chart.setOption(one.option(one.box), true); }); }
  var button = document.getElementById('theme');
  button.hidden = false;
  button.addEventListener('click', function () {
    root.dataset.theme = dark() ? 'light' : 'dark';
    redraw();
  });
  prefersDark.addEventListener('change', redraw);
)js";

// Starts a chart when it comes near the window, in place of the still one beside it. The library
// stands in the page as text and is run by the first chart only: a page whose reader stays at the
// top opens in half the time. What fails leaves the still chart. A printed page has still charts,
// so a box without a width is not resized.
constexpr std::string_view kStarting = R"js(
  var library = document.getElementById('chart-library');
  var stored = document.getElementById('report-data');
  if (!library || !stored) return;
  var data = JSON.parse(stored.textContent);
  function load() {
    if (window.echarts) return;
    var script = document.createElement('script');
    script.textContent = library.textContent;
    document.head.appendChild(script);
  }
  function start(box, option) {
    var still = box.nextElementSibling;
    box.hidden = false;
    still.style.display = 'none';
    try {
      load();
      var chart = window.echarts.init(box, null, { renderer: 'canvas' });
      chart.setOption(option(box));
      charts.push({ chart: chart, option: option, box: box });
      var caption = box.parentNode.querySelector('[data-live]');
      if (caption) caption.textContent = caption.dataset.live;
    } catch (error) {
      box.hidden = true;
      still.style.display = '';
    }
  }
  function show(id, least, option) {
    var box = document.getElementById(id);
    if (!box || box.parentNode.clientWidth < least) return;
    if (!window.IntersectionObserver) return start(box, option);
    var observer = new IntersectionObserver(function (entries) {
      if (!entries.some(function (entry) { return entry.isIntersecting; })) return;
      observer.disconnect();
      start(box, option);
    }, { rootMargin: '400px' });
    observer.observe(box.parentNode);
  }
  window.addEventListener('resize', function () {
    charts.forEach(function (one) { if (one.box.clientWidth > 0) one.chart.resize(); });
  });
  function tooltip(text) {
    return { renderMode: 'richText', confine: true, backgroundColor: colour('card'),
             borderColor: colour('axis'), textStyle: { color: colour('ink'), fontSize: 12 },
             formatter: text };
  }
)js";

// Customers in the space of three components. Texts need a line height of their own: the library
// takes it from the width of a Chinese character, which many fonts do not have, and cuts them.
constexpr std::string_view kCloud = R"js(
  function webgl() {
    try {
      var canvas = document.createElement('canvas');
      return !!(canvas.getContext('webgl2') || canvas.getContext('webgl'));
    } catch (error) { return false; }
  }
  function cloud(box) {
    var narrow = box.clientWidth < 520;
    var series = data.segments.map(function (name, index) {
      return { type: 'scatter3D', name: name, symbolSize: 4, data: [],
               itemStyle: { color: colour('c' + index % 8), opacity: 0.75 } };
    });
    var odd = { type: 'scatter3D', name: 'Outliers', symbolSize: 5, data: [],
                itemStyle: { color: colour('ink'), opacity: 0.7 } };
    data.points.forEach(function (point, index) {
      var target = point[4] ? odd : series[point[3]];
      if (target) target.data.push([point[0], point[1], point[2], index]);
    });
    if (odd.data.length) series.push(odd);
    function axis(number) {
      return { type: 'value', name: (narrow ? 'Comp. ' : 'Component ') + number,
               nameTextStyle: { color: colour('ink'), fontSize: 12, lineHeight: 18 },
               axisLabel: { color: colour('muted'), fontSize: 11, lineHeight: 16 },
               axisLine: { lineStyle: { color: colour('axis') } },
               splitLine: { lineStyle: { color: colour('grid') } },
               axisPointer: { show: false } };
    }
    return {
      tooltip: tooltip(function (item) {
        var point = data.points[item.value[3]];
        var lines = ['Customer ' + data.customers[item.value[3]], data.segments[point[3]]];
        if (point[4]) lines.push('Outlier');
        return lines.join('\n');
      }),
      legend: { type: 'scroll', top: 0, textStyle: { color: colour('ink') },
                pageTextStyle: { color: colour('ink') } },
      grid3D: { top: 30, boxWidth: 110, boxDepth: 110, boxHeight: 80,
                viewControl: { distance: narrow ? 300 : 205, alpha: 20, beta: 38,
                               center: [0, narrow ? -4 : -12, 0], zoomSensitivity: 0 },
                environment: 'none' },
      xAxis3D: axis(1), yAxis3D: axis(2), zAxis3D: axis(3), series: series
    };
  }
)js";

// Training runs as lines over their figures. What comes last is drawn on top: the chosen run.
constexpr std::string_view kSweep = R"js(
  function sweep() {
    var lines = data.runs.map(function (name, run) {
      var chosen = run === data.chosen;
      return { name: name, value: data.axes.map(function (axis) {
                 var value = axis.values[run];
                 return value === null ? '-' : value;
               }),
               lineStyle: { color: colour(chosen ? 'c1' : 'c0'), width: chosen ? 4 : 1.4,
                            opacity: chosen ? 1 : 0.5 } };
    });
    if (data.chosen >= 0) lines.push(lines.splice(data.chosen, 1)[0]);
    function share(value) { return Math.round(value * 100) + ' %'; }
    return {
      tooltip: tooltip(function (item) { return item.name; }),
      parallel: { left: 40, right: 60, top: 60, bottom: 30,
                  parallelAxisDefault: { scale: true,
                    nameTextStyle: { color: colour('ink'), fontSize: 12 },
                    axisLine: { lineStyle: { color: colour('axis') } },
                    splitLine: { show: false },
                    areaSelectStyle: { color: colour('c1'), borderColor: colour('c1') } } },
      parallelAxis: data.axes.map(function (axis, index) {
        var label = { color: colour('ink'), textBorderColor: colour('card'), textBorderWidth: 3 };
        if (axis.share) label.formatter = share;
        return { dim: index, name: axis.name, nameGap: index % 2 ? 36 : 18, axisLabel: label };
      }),
      series: [{ type: 'parallel', smooth: false, data: lines, inactiveOpacity: 0.06 }]
    };
  }

  if (data.points.length && webgl()) show('live-cloud', 0, cloud);
  if (data.axes.length > 1 && data.runs.length) show('live-sweep', 600, sweep);
})();
)js";

}  // namespace

std::string_view PageScript() {
  static const auto& script =
      *new std::string(std::string(kColours).append(kStarting).append(kCloud).append(kSweep));
  return script;
}

}  // namespace cairn::pipeline

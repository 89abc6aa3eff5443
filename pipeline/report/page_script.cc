#include "pipeline/report/page_assets.h"

namespace cairn::pipeline {
namespace {

constexpr std::string_view kScript = R"js((function () {
  'use strict';
  var root = document.documentElement;
  var wide = window.matchMedia('(prefers-color-scheme: dark)');
  var redraw = [];
  function dark() { return root.dataset.theme ? root.dataset.theme === 'dark' : wide.matches; }
  function colour(name) { return getComputedStyle(root).getPropertyValue('--' + name).trim(); }
  function all() { redraw.forEach(function (draw) { draw(); }); }
  var button = document.getElementById('theme');
  button.hidden = false;
  button.addEventListener('click', function () {
    root.dataset.theme = dark() ? 'light' : 'dark';
    all();
  });
  wide.addEventListener('change', all);

  if (!window.echarts) return;
  var data = JSON.parse(document.getElementById('report-data').textContent);
  function webgl() {
    try {
      var canvas = document.createElement('canvas');
      return !!(canvas.getContext('webgl2') || canvas.getContext('webgl'));
    } catch (error) { return false; }
  }
  // Texts of the data are drawn on the canvas and never become markup.
  function tooltip(text) {
    return { renderMode: 'richText', confine: true, backgroundColor: colour('card'),
             borderColor: colour('axis'), textStyle: { color: colour('ink'), fontSize: 12 },
             formatter: text };
  }
  // The caption says what can be done with the chart that is shown.
  function note(box) {
    var caption = box.parentNode.querySelector('[data-live]');
    if (caption) caption.textContent = caption.dataset.live;
  }
  function show(id, option) {
    var box = document.getElementById(id);
    if (!box) return;
    var still = box.nextElementSibling;
    function start() {
      box.hidden = false;
      still.style.display = 'none';
      try {
        var chart = window.echarts.init(box, null, { renderer: 'canvas' });
        chart.setOption(option());
        note(box);
        redraw.push(function () { chart.setOption(option(), true); });
        window.addEventListener('resize', function () { chart.resize(); });
      } catch (error) {
        box.hidden = true;
        still.style.display = '';
      }
    }
    if (!window.IntersectionObserver) return start();
    var observer = new IntersectionObserver(function (entries) {
      if (!entries.some(function (entry) { return entry.isIntersecting; })) return;
      observer.disconnect();
      start();
    }, { rootMargin: '400px' });
    observer.observe(box.parentNode);
  }

  function cloud() {
    var series = data.segments.map(function (name, index) {
      return { type: 'scatter3D', name: name, symbolSize: 4, data: [],
               itemStyle: { color: colour('c' + index % 8), opacity: 0.75 } };
    });
    var odd = { type: 'scatter3D', name: 'Outliers', symbolSize: 6, data: [],
                itemStyle: { color: colour('ink'), opacity: 0.8 } };
    data.points.forEach(function (point, index) {
      var target = point[4] ? odd : series[point[3]];
      if (target) target.data.push([point[0], point[1], point[2], index]);
    });
    if (odd.data.length) series.push(odd);
    function axis(number) {
      return { type: 'value', name: 'Component ' + number,
               nameTextStyle: { color: colour('ink'), fontSize: 12 },
               axisLabel: { color: colour('muted'), fontSize: 11 },
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
                viewControl: { distance: 205, alpha: 20, beta: 38, center: [0, -12, 0],
                               zoomSensitivity: 0 },
                environment: 'none' },
      xAxis3D: axis(1), yAxis3D: axis(2), zAxis3D: axis(3), series: series
    };
  }

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
    // What comes last is drawn on top.
    if (data.chosen >= 0) lines.push(lines.splice(data.chosen, 1)[0]);
    return {
      tooltip: tooltip(function (item) { return item.name; }),
      parallel: { left: 40, right: 60, top: 60, bottom: 30,
                  parallelAxisDefault: { nameGap: 22,
                    nameTextStyle: { color: colour('ink'), fontSize: 12 },
                    axisLabel: { color: colour('muted') }, scale: true,
                    axisLine: { lineStyle: { color: colour('axis') } },
                    splitLine: { show: false },
                    areaSelectStyle: { color: colour('c1'), borderColor: colour('c1') } } },
      parallelAxis: data.axes.map(function (axis, index) {
        return { dim: index, name: axis.name, nameGap: index % 2 ? 36 : 18 };
      }),
      series: [{ type: 'parallel', smooth: false, data: lines, inactiveOpacity: 0.06 }]
    };
  }

  if (data.points.length && webgl()) show('live-cloud', cloud);
  if (data.axes.length > 1 && data.runs.length) show('live-sweep', sweep);
})();
)js";

}  // namespace

std::string_view PageScript() { return kScript; }

}  // namespace cairn::pipeline

// One metric of one run over its steps: line, band, caption.
import { useEffect, useRef } from "preact/hooks";
import uPlot from "uplot";
import { theme } from "../app/theme.ts";
import { confession, type Curve } from "../text/curves.ts";
import { exact, measured } from "../text/numbers.ts";

const HEIGHT = 200;
const MAX_DOTS = 200;
// The value of uPlot's constant of this name, which its types have and its code has not.
// eslint-disable-next-line @typescript-eslint/no-unsafe-enum-assignment
const LOGARITHMIC: uPlot.Scale = { distr: 3 };
const CURSORS = uPlot.sync("curves");

function colour(name: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

function optionsOf(
  title: string,
  curve: Curve,
  width: number,
  logarithmic: boolean,
): uPlot.Options {
  const line = colour("--series-1");
  const axis = { stroke: colour("--quiet"), grid: { stroke: colour("--line"), width: 1 } };
  const dots = curve.x.length <= MAX_DOTS;
  return {
    width,
    height: HEIGHT,
    title,
    legend: { show: false },
    cursor: { sync: { key: CURSORS.key }, drag: { x: true, y: false } },
    scales: { x: { time: false }, y: logarithmic ? LOGARITHMIC : {} },
    axes: [
      { ...axis, label: "step", labelSize: 16, size: 32 },
      { ...axis, size: 64, values: (_, ticks) => ticks.map((tick) => measured(tick)) },
    ],
    series: [
      {},
      { stroke: line, width: 1.5, points: { show: dots, size: 4 } },
      { stroke: "transparent", points: { show: false } },
      { stroke: "transparent", points: { show: false } },
    ],
    bands: [{ series: [3, 2], fill: `${line}40` }],
  };
}

export function CurveChart({
  title,
  curve,
  logarithmic = false,
}: {
  title: string;
  curve: Curve;
  logarithmic?: boolean;
}) {
  const box = useRef<HTMLDivElement>(null);
  const readout = useRef<HTMLSpanElement>(null);
  useEffect(() => {
    const element = box.current;
    if (element === null) return undefined;
    const options = optionsOf(title, curve, element.clientWidth, logarithmic);
    options.hooks = {
      setCursor: [
        ({ cursor }) => {
          if (readout.current === null) return;
          const value = cursor.idx == null ? undefined : curve.mean[cursor.idx];
          const step = cursor.idx == null ? undefined : curve.x[cursor.idx];
          readout.current.textContent =
            value == null || step === undefined ? "" : ` · step ${step}: ${exact(value)}`;
        },
      ],
    };
    const data: uPlot.AlignedData = [curve.x, curve.mean, curve.min, curve.max];
    const chart = new uPlot(options, data, element);
    const observer = new ResizeObserver(() =>
      chart.setSize({ width: element.clientWidth, height: HEIGHT }),
    );
    observer.observe(element);
    return () => {
      observer.disconnect();
      chart.destroy();
    };
  }, [title, curve, logarithmic, theme.value]);
  return (
    <figure class="chart" aria-label={`${title}: ${confession(curve, logarithmic)}`}>
      <div ref={box} />
      <figcaption>
        {confession(curve, logarithmic)}
        <span ref={readout} />
      </figcaption>
    </figure>
  );
}

// One metric of one run over its steps: line, band, marks, caption.
import { useEffect, useRef } from "preact/hooks";
import uPlot from "uplot";
import { theme } from "../app/theme.ts";
import {
  aloneIn,
  columnsOf,
  confession,
  isExact,
  readoutOf,
  stepsBetween,
  type Curve,
  type CurveView,
  type Steps,
} from "../text/curves.ts";
import { tickText } from "../text/numbers.ts";
import { smoothed } from "../text/smoothing.ts";
import { colour } from "./colours.ts";
import { drawMarks } from "./curve_marks.ts";

const HEIGHT = 200;
/** What the axis on the left takes of a chart's width. */
export const AXIS_WIDTH = 64;
// The value of uPlot's constant of this name, which its types have and its code has not.
// eslint-disable-next-line @typescript-eslint/no-unsafe-enum-assignment
const LOGARITHMIC: uPlot.Scale = { distr: 3 };
// One cursor for all curves of a page. Zooms are told by the page: all charts take them from there.
const CURSORS = uPlot.sync("curves");
const SHARED = /^mouse(move|leave)$/;

export interface CurveChartProps {
  title: string;
  curve: Curve;
  view: CurveView;
  pending: boolean; // what is shown was read for other steps
  onZoom: (steps: Steps | undefined) => void;
}

function dataOf({ curve, view }: CurveChartProps): uPlot.AlignedData {
  const line = smoothed(curve.x, curve.mean, curve.numbers, view.window);
  return [curve.x, ...columnsOf(curve, line, view.logarithmic)];
}

function rangeOf({ view }: CurveChartProps, least: number, most: number): [number, number] {
  const { from, to } = view.steps ?? { from: least, to: most };
  return from === to ? [from - 1, to + 1] : [from, to];
}

// A logarithmic axis has ticks without a text.
function labelOf(tick: number | null): string {
  return tick === null ? "" : tickText(tick);
}

type Now = () => CurveChartProps; // what the chart shows at the moment

/** Dots for what stands alone between gaps, where no line is drawn. */
const LONELY: uPlot.Series.Points = {
  show: false,
  size: 4,
  filter: ({ data }, series, shown) => (shown ? null : aloneIn(data[series] ?? [])),
};

// Dots stand for measured values: of a smoothed line they are on the edge of the band, which is raw.
function dotsOf(now: Now, onEdge: boolean): uPlot.Series.Points {
  return {
    ...LONELY,
    show: ({ bbox }) => {
      const { curve, view } = now();
      if (!isExact(curve) || view.window > 0 !== onEdge) return false;
      return curve.x.length < 2 || bbox.width / devicePixelRatio / curve.x.length > 1;
    },
    fill: colour("--series-1"),
  };
}

function optionsOf(now: Now, width: number, onCursor: (index: number | null) => void) {
  const { title, view, onZoom } = now();
  const line = colour("--series-1");
  const axis = { stroke: colour("--quiet"), grid: { stroke: colour("--line"), width: 1 } };
  const options: uPlot.Options = {
    width,
    height: HEIGHT,
    title,
    legend: { show: false },
    cursor: {
      sync: { key: CURSORS.key, filters: { pub: (type) => SHARED.test(type) } },
      drag: { x: true, y: false, setScale: false },
      bind: {
        dblclick: () => () => {
          onZoom(undefined);
          return null;
        },
      },
    },
    scales: {
      x: { time: false, range: (_, min, max) => rangeOf(now(), min, max) },
      y: view.logarithmic ? LOGARITHMIC : {},
    },
    axes: [
      { ...axis, label: "step", labelSize: 16, size: 32 },
      { ...axis, size: AXIS_WIDTH, values: (_, ticks) => ticks.map(labelOf) },
    ],
    series: [
      {},
      { stroke: line, width: 1.5, points: dotsOf(now, false) },
      // The edges are drawn too: of a spike of one point the band alone is one faint column.
      { stroke: `${line}a0`, width: 1, points: dotsOf(now, true) },
      { stroke: `${line}a0`, width: 1, points: { ...LONELY, fill: line } },
    ],
    bands: [{ series: [3, 2], fill: `${line}40` }],
    hooks: {
      setCursor: [({ cursor }) => onCursor(cursor.idx ?? null)],
      draw: [(chart) => drawMarks(chart, now().curve)],
      setSelect: [
        (chart) => {
          const { left, width: wide } = chart.select;
          if (wide < 2) return;
          onZoom(stepsBetween(chart.posToVal(left, "x"), chart.posToVal(left + wide, "x")));
          chart.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
        },
      ],
    },
  };
  return options;
}

/** Moves the cursor by keys, and zooms around it. */
function press(event: KeyboardEvent, chart: uPlot, { curve, onZoom }: CurveChartProps): void {
  const last = curve.x.length - 1;
  const here = chart.cursor.idx ?? Math.floor(last / 2);
  const { min = 0, max = 0 } = chart.scales["x"] ?? {};
  const at = curve.x[here] ?? min;
  const zoom = (by: number) => onZoom(stepsBetween(at - (at - min) * by, at + (max - at) * by));
  const move = (index: number) => {
    const left = chart.valToPos(curve.x[Math.min(Math.max(index, 0), last)] ?? 0, "x");
    chart.setCursor({ left, top: HEIGHT / 3 });
  };
  if (event.key === "ArrowRight") move(here + (event.shiftKey ? 10 : 1));
  else if (event.key === "ArrowLeft") move(here - (event.shiftKey ? 10 : 1));
  else if (event.key === "+") zoom(0.5);
  else if (event.key === "-") zoom(2);
  else return;
  event.preventDefault();
}

export function CurveChart(props: CurveChartProps) {
  const { title, curve, view, pending } = props;
  const box = useRef<HTMLDivElement>(null);
  const readout = useRef<HTMLDivElement>(null);
  const chart = useRef<uPlot | undefined>(undefined);
  const shown = useRef(props);
  shown.current = props;
  const tell = (index: number | null) => {
    if (readout.current === null) return;
    readout.current.textContent = index === null ? "" : readoutOf(shown.current.curve, index);
  };
  useEffect(() => {
    const element = box.current;
    if (element === null) return undefined;
    const options = optionsOf(() => shown.current, element.clientWidth, tell);
    const drawn = new uPlot(options, dataOf(shown.current), element);
    chart.current = drawn;
    const observer = new ResizeObserver(() =>
      drawn.setSize({ width: element.clientWidth, height: HEIGHT }),
    );
    observer.observe(element);
    return () => {
      observer.disconnect();
      drawn.destroy();
    };
  }, [title, view.logarithmic, theme.value]);
  const { steps, window } = view;
  useEffect(() => chart.current?.setData(dataOf(props)), [curve, window, steps?.from, steps?.to]);
  const caption = confession(curve, view);
  return (
    <figure class="chart" aria-label={`${title}: ${caption}`} aria-busy={pending}>
      <div
        ref={box}
        tabIndex={0}
        role="application"
        aria-label={`${title}: arrow keys move the cursor, + and − zoom`}
        onKeyDown={(event) => chart.current && press(event, chart.current, props)}
      />
      <div ref={readout} class="readout" aria-live="polite" />
      <figcaption>
        {pending ? "Reading these steps; the picture is stretched." : caption}
      </figcaption>
    </figure>
  );
}

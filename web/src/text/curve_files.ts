// A curve as files: what is shown, as a table and as a picture.
import { axisOf, placeOn, ticksOf, type Axis } from "./axes.ts";
import { columnsOf, confession, marksOf, type Curve, type CurveView } from "./curves.ts";
import { tickText } from "./numbers.ts";
import { smoothed } from "./smoothing.ts";

const WIDTH = 840;
const HEIGHT = 380;
const BOX = { left: 70, right: 820, top: 40, bottom: 310 };

/** The buckets, a line each, with all digits: what a chart of the same numbers needs. */
export function csvOf({ buckets }: Curve): string {
  const lines = buckets.map((bucket) =>
    [
      bucket.firstStep,
      bucket.lastStep,
      bucket.pointCount,
      bucket.nanCount,
      bucket.minValue ?? "",
      bucket.meanValue ?? "",
      bucket.maxValue ?? "",
    ].join(","),
  );
  return ["first_step,last_step,points,nan,min,mean,max", ...lines, ""].join("\n");
}

export interface SvgColours {
  paper: string;
  ink: string;
  line: string;
  grid: string;
  mark: string;
}

function escaped(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}

/** The chart as a file that stands for itself: title, axes, line, band, marks and caption. */
export function svgOf(title: string, curve: Curve, view: CurveView, colours: SvgColours): string {
  const { paper, ink, line, grid, mark } = colours;
  const drawn = smoothed(curve.x, curve.mean, curve.numbers, view.window);
  const [mean, min, max] = columnsOf(curve, drawn, view.logarithmic);
  const values = [...mean, ...min, ...max].filter((value) => value !== null);
  const across = axisOf(view.steps === undefined ? curve.x : [view.steps.from, view.steps.to]) ?? {
    min: 0,
    max: 1,
    logarithmic: false,
  };
  const up = axisOf(values, view.logarithmic) ?? { min: 0, max: 1, logarithmic: false };
  const x = (value: number) => BOX.left + (placeOn(across, value) ?? 0) * (BOX.right - BOX.left);
  const y = (value: number) =>
    BOX.bottom - Math.max(placeOn(up, value) ?? 0, 0) * (BOX.bottom - BOX.top);
  const caption = confession(curve, view);
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${HEIGHT}" viewBox="0 0 ${WIDTH} ${HEIGHT}" font-family="sans-serif" font-size="12" fill="${ink}">`,
    `<rect width="100%" height="100%" fill="${paper}"/>`,
    `<text x="${BOX.left}" y="24" font-size="15" font-weight="bold">${escaped(title)}</text>`,
    ...gridLines(across, up, x, y, grid),
    ...bandsOf(curve.x, min, max, x, y).map((d) => `<path d="${d}" fill="${line}" opacity=".25"/>`),
    `<path d="${pathOf(curve.x, mean, x, y)}" fill="none" stroke="${line}" stroke-width="1.5"/>`,
    ...marksOf(curve).map(({ x: at, kind }) => {
      const edge = kind === "above" ? BOX.top + 8 : BOX.bottom - 1;
      const shape = { nan: "✕", above: "▲", below: "▼" }[kind];
      return `<text x="${x(at).toFixed(1)}" y="${edge}" fill="${mark}" font-size="9" text-anchor="middle">${shape}</text>`;
    }),
    `<text x="${(BOX.left + BOX.right) / 2}" y="${BOX.bottom + 34}" text-anchor="middle">step</text>`,
    `<text x="${BOX.left}" y="${HEIGHT - 12}" font-size="11">${escaped(caption)}</text>`,
    "</svg>",
    "",
  ].join("\n");
}

type Place = (value: number) => number;

function gridLines(across: Axis, up: Axis, x: Place, y: Place, grid: string): string[] {
  const columns = ticksOf(across, 8).map((tick) => {
    const at = x(tick).toFixed(1);
    return `<path d="M${at} ${BOX.top}V${BOX.bottom}" stroke="${grid}"/><text x="${at}" y="${BOX.bottom + 16}" text-anchor="middle">${tickText(tick)}</text>`;
  });
  const rows = ticksOf(up).map((tick) => {
    const at = y(tick).toFixed(1);
    return `<path d="M${BOX.left} ${at}H${BOX.right}" stroke="${grid}"/><text x="${BOX.left - 6}" y="${at}" dy="4" text-anchor="end">${tickText(tick)}</text>`;
  });
  return [...columns, ...rows];
}

/** A line through all points; a null lifts the pen. */
export function pathOf(xs: number[], values: (number | null)[], x: Place, y: Place): string {
  let down = false;
  let path = "";
  values.forEach((value, index) => {
    if (value !== null) {
      path += `${down ? "L" : "M"}${x(xs[index] ?? 0).toFixed(1)} ${y(value).toFixed(1)}`;
      // A point without neighbours is a short line.
      if (!down && (values[index + 1] ?? null) === null) path += "m-1 0h2";
    }
    down = value !== null;
  });
  return path;
}

/** The area between two edges, a path for each part without a gap. */
export function bandsOf(
  xs: number[],
  min: (number | null)[],
  max: (number | null)[],
  x: Place,
  y: Place,
): string[] {
  const paths: string[] = [];
  let upper: string[] = [];
  let lower: string[] = [];
  const close = () => {
    if (upper.length > 1) paths.push(`M${[...upper, ...lower.reverse()].join("L")}Z`);
    upper = [];
    lower = [];
  };
  xs.forEach((at, index) => {
    const low = min[index] ?? null;
    const high = max[index] ?? null;
    if (low === null || high === null) {
      close();
      return;
    }
    upper.push(`${x(at).toFixed(1)} ${y(high).toFixed(1)}`);
    lower.push(`${x(at).toFixed(1)} ${y(low).toFixed(1)}`);
  });
  close();
  return paths;
}

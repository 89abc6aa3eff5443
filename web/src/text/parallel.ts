// Parallel coordinates: an axis for each field, a line for each run through its values.
import { axisOf, isWide, placeOn, ticksOf, valueAt, type Axis } from "./axes.ts";
import { tickText } from "./numbers.ts";
import { numberIn } from "./run_fields.ts";

type Value = string | number | undefined;

/** Places go from 0, the lower end of an axis, to 1, the upper one. */
export interface ParallelAxis {
  field: string;
  numbers: Axis | undefined; // undefined: its values are texts, in a row
  ticks: { place: number; text: string }[];
  places: (number | undefined)[]; // of each run; undefined: it has no value there
}

/** The part of an axis a reader keeps: lines that leave it are left out. */
export interface Brush {
  low: number;
  high: number;
}

export type Brushes = Readonly<Record<string, Brush>>;

/** The axis of a field through the values of all runs; logarithmic where that tells more. */
export function parallelAxis(field: string, values: Value[], ticks = 6): ParallelAxis {
  const there = values.filter((value) => value !== undefined);
  const numbers = there.map(numberIn);
  if (numbers.includes(undefined)) return textAxis(field, values);
  const finite = numbers.filter((value) => value !== undefined && Number.isFinite(value));
  const known = finite.filter((value) => value !== undefined);
  const axis = axisOf(known, isWide(known));
  if (axis === undefined)
    return { field, numbers: axis, ticks: [], places: values.map(() => undefined) };
  const place = (value: Value) => {
    const number = numberIn(value);
    return number === undefined ? undefined : placeOn(axis, number);
  };
  // The ends are written too: an axis says how far its values reach.
  const inner = ticksOf(axis, ticks).map((value) => ({ place: placeOn(axis, value) ?? 0, value }));
  const ends = [axis.min, axis.max].map((value, end) => ({ place: end, value }));
  const apart = inner.filter((tick) => tick.place > 0.06 && tick.place < 0.94);
  return {
    field,
    numbers: axis,
    ticks: [...ends, ...apart].map((tick) => ({ place: tick.place, text: tickText(tick.value) })),
    places: values.map(place),
  };
}

function textAxis(field: string, values: Value[]): ParallelAxis {
  const texts = [...new Set(values.filter((value) => value !== undefined).map(String))].sort(
    (a, b) => a.localeCompare(b, "en", { numeric: true }),
  );
  const place = (text: string) =>
    texts.length < 2 ? 0.5 : texts.indexOf(text) / (texts.length - 1);
  return {
    field,
    numbers: undefined,
    ticks: texts.map((text) => ({ place: place(text), text })),
    places: values.map((value) => (value === undefined ? undefined : place(String(value)))),
  };
}

/** Which of the runs stay within every brush; whoever has no value there does not. */
export function within(axes: ParallelAxis[], brushes: Brushes, runs: number): boolean[] {
  return Array.from({ length: runs }, (_, run) =>
    axes.every(({ field, places }) => {
      const brush = brushes[field];
      if (brush === undefined) return true;
      const place = places[run];
      return place !== undefined && place >= brush.low && place <= brush.high;
    }),
  );
}

/** The brush between two places of a drag; undefined for a click, which takes the brush away. */
export function brushBetween(a: number, b: number): Brush | undefined {
  const held = (place: number) => Math.min(Math.max(place, 0), 1);
  const brush = { low: held(Math.min(a, b)), high: held(Math.max(a, b)) };
  return brush.high - brush.low < 0.01 ? undefined : brush;
}

const STEP = 0.05;

/** The brush after a key: arrows move it, with shift its upper end; Escape and Delete take it away. */
export function brushByKey(brush: Brush | undefined, key: string, shift: boolean) {
  if (key === "Escape" || key === "Delete") return undefined;
  const by = key === "ArrowUp" ? STEP : key === "ArrowDown" ? -STEP : 0;
  if (by === 0) return brush;
  if (brush === undefined) return by > 0 ? { low: 0.5, high: 1 } : { low: 0, high: 0.5 };
  const { low, high } = brush;
  if (shift) return { low, high: Math.min(Math.max(high + by, low + STEP), 1) };
  const moved = Math.min(Math.max(by, -low), 1 - high);
  return { low: low + moved, high: high + moved };
}

/** What a brush keeps, in words. */
export function brushText({ numbers, ticks }: ParallelAxis, brush: Brush | undefined): string {
  if (brush === undefined) return "all";
  if (numbers === undefined) {
    const kept = ticks.filter(({ place }) => place >= brush.low && place <= brush.high);
    return kept.map(({ text }) => text).join(", ") || "none";
  }
  const ends = [brush.low, brush.high].map((place) => valueAt(numbers, place));
  return ends.map((end) => tickText(Number(end.toPrecision(3)))).join(" to ");
}

/** The line of a run: through its places, with a gap where it has none. */
export function lineThrough(
  axes: ParallelAxis[],
  run: number,
  x: (axis: number) => number,
  y: (place: number) => number,
): string {
  let down = false;
  let path = "";
  axes.forEach(({ places }, axis) => {
    const place = places[run];
    if (place !== undefined)
      path += `${down ? "L" : "M"}${x(axis).toFixed(1)} ${y(place).toFixed(1)}`;
    down = place !== undefined;
  });
  return path;
}

/** The run whose line is nearest to a point between two axes, within `reach` pixels. */
export function nearestRun(
  axes: ParallelAxis[],
  at: { x: number; y: number },
  x: (axis: number) => number,
  y: (place: number) => number,
  reach = 12,
): number | undefined {
  let best: number | undefined;
  let least = reach;
  const right = axes.findIndex((_, axis) => x(axis) >= at.x);
  if (right < 1) return undefined;
  const share = (at.x - x(right - 1)) / (x(right) - x(right - 1));
  axes[right]?.places.forEach((end, run) => {
    const begin = axes[right - 1]?.places[run];
    if (begin === undefined || end === undefined) return;
    const away = Math.abs(y(begin) + share * (y(end) - y(begin)) - at.y);
    if (away > least) return;
    best = run;
    least = away;
  });
  return best;
}

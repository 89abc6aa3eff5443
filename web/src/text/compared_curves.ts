// One metric of many runs in one chart.
import { axisOf, placeOn, ticksOf, type Axis } from "./axes.ts";
import { bandsOf, pathOf } from "./curve_files.ts";
import { columnsOf, stepsText, type Curve, type CurveView } from "./curves.ts";
import { count, tickText } from "./numbers.ts";
import { smoothed } from "./smoothing.ts";

/** More runs than this have no bands: they would cover each other. */
const MOST_BANDS = 8;

export interface ComparedLine {
  path: string;
  bands: string[];
  x: number[]; // pixels of its buckets
  y: (number | null)[];
}

export interface ComparedCurves {
  lines: ComparedLine[];
  across: { at: number; text: string }[];
  up: { at: number; text: string }[];
  stepAt: (x: number) => number;
}

export interface Box {
  width: number;
  height: number;
}

/** The lines of all curves on the same axes; undefined when none has anything to show. */
export function comparedCurves(
  curves: Curve[],
  view: CurveView,
  box: Box,
): ComparedCurves | undefined {
  const banded = curves.length <= MOST_BANDS;
  const columns = curves.map((curve) => {
    const line = smoothed(curve.x, curve.mean, curve.numbers, view.window);
    return columnsOf(curve, line, view.logarithmic);
  });
  const shown = columns.flatMap(([line, min, max]) => (banded ? [line, min, max] : [line]));
  const { steps } = view;
  const across = axisOf(
    steps === undefined ? curves.flatMap(({ x }) => x) : [steps.from, steps.to],
  );
  const up = axisOf(
    shown.flat().filter((value) => value !== null),
    view.logarithmic,
  );
  if (across === undefined || up === undefined) return undefined;
  const x = (value: number) => (placeOn(across, value) ?? 0) * box.width;
  const y = (value: number) => (1 - Math.max(placeOn(up, value) ?? 0, 0)) * box.height;
  return {
    lines: columns.map(([line, min, max], index) => {
      const xs = curves[index]?.x ?? [];
      return {
        path: pathOf(xs, line, x, y),
        bands: banded ? bandsOf(xs, min, max, x, y) : [],
        x: xs.map(x),
        y: line.map((value) => (value === null ? null : y(value))),
      };
    }),
    across: ticks(across, x, box.width / 70),
    up: ticks(up, y, box.height / 45),
    stepAt: (at) => across.min + (at / box.width) * (across.max - across.min),
  };
}

function ticks(axis: Axis, place: (value: number) => number, wanted: number) {
  return ticksOf(axis, Math.max(wanted, 3)).map((tick) => ({
    at: place(tick),
    text: tickText(tick),
  }));
}

/** The line nearest to a point, and which of its buckets; by height, as a reader looks along x. */
export function nearestLine(
  lines: ComparedLine[],
  x: number,
  y: number,
): { line: number; index: number } | undefined {
  let best: { line: number; index: number } | undefined;
  let least = Infinity;
  lines.forEach((line, place) => {
    const index = nearestIndex(line.x, x);
    const at = heightAt(line, x) ?? line.y[index];
    if (at == null) return;
    const beyond = Math.max(x - (line.x.at(-1) ?? x), (line.x[0] ?? x) - x, 0);
    const away = Math.hypot(at - y, beyond);
    if (away >= least) return;
    best = { line: place, index };
    least = away;
  });
  return best;
}

/** Where a key leads: along a line, or at about the same x to the next one. */
export function movedBy(
  lines: ComparedLine[],
  { line, index }: { line: number; index: number },
  key: string,
): { line: number; index: number } {
  const held = (at: number, length: number) => Math.min(Math.max(at, 0), Math.max(length - 1, 0));
  const along = { ArrowRight: 1, ArrowLeft: -1 }[key] ?? 0;
  const over = { ArrowDown: 1, ArrowUp: -1 }[key] ?? 0;
  const to = held(line + over, lines.length);
  const there = lines[to]?.x ?? [];
  if (to === line) return { line, index: held(index + along, there.length) };
  return { line: to, index: nearestIndex(there, lines[line]?.x[index] ?? 0) };
}

/** The place of the nearest of ascending numbers; 0 for none. */
export function nearestIndex(ascending: number[], wanted: number): number {
  let low = 0;
  let high = ascending.length - 1;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if ((ascending[middle] ?? 0) <= wanted) low = middle;
    else high = middle;
  }
  const [below = 0, above = below] = [ascending[low], ascending[high]];
  return high > low && above - wanted < wanted - below ? high : Math.max(low, 0);
}

function heightAt({ x, y }: ComparedLine, at: number): number | null {
  const near = nearestIndex(x, at);
  const left = (x[near] ?? 0) <= at ? near : near - 1;
  const [from, to] = [y[left], y[left + 1]];
  const [begin, end] = [x[left], x[left + 1]];
  if (from == null || to == null || begin === undefined || end === undefined) return null;
  return from + ((at - begin) / (end - begin)) * (to - from);
}

/** What the chart confesses: of how many runs and points, and what is not drawn. */
export function comparedConfession(curves: Curve[], runs: number, view: CurveView): string {
  const sum = (of: (curve: Curve) => number) =>
    curves.reduce((total, curve) => total + of(curve), 0);
  const perPixel = curves.reduce((most, curve) => Math.max(most, curve.perPixel), 0);
  const said = [
    `${count(curves.length)} of ${count(runs)} runs`,
    `${count(sum((c) => c.points))} points`,
  ];
  if (view.steps !== undefined) said.push(`steps ${stepsText(view.steps)}`);
  if (perPixel > 1) {
    const band =
      curves.length <= MOST_BANDS
        ? "band min to max"
        : "peaks are flattened: the page of a run has them";
    said.push(`up to ${count(perPixel)} a pixel: line is their mean, ${band}`);
  }
  if (view.window > 0) said.push(`lines smoothed over ${count(view.window)} steps`);
  const nan = sum((curve) => curve.nan);
  if (nan > 0) said.push(`${count(nan)} NaN left out`);
  const infinite = sum(({ above, below }) => above + below);
  if (infinite > 0) said.push(`infinite at ${count(infinite)} places, left out`);
  const below = view.logarithmic ? sum((curve) => curve.notPositive) : 0;
  const least = curves.every((curve) => curve.notPositiveExact) ? "" : "at least ";
  if (below > 0) said.push(`${least}${count(below)} at or below 0 left out`);
  return said.join(" · ");
}

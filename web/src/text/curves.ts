// A curve as the server summarizes it: for each column of pixels the least, the greatest and the
// mean value, so that a spike of one point is seen at any width.
import { count, exact } from "./numbers.ts";

/** One range of steps. Without a value that is a number the three are undefined. */
export interface Bucket {
  firstStep: bigint;
  lastStep: bigint;
  pointCount: bigint;
  nanCount: bigint;
  minValue?: number | undefined;
  maxValue?: number | undefined;
  meanValue?: number | undefined;
}

/** Columns as a chart takes them: x, then line, lower and upper edge of the band. */
export interface Curve {
  buckets: Bucket[];
  x: number[];
  mean: (number | null)[];
  min: (number | null)[];
  max: (number | null)[];
  numbers: number[]; // points of each bucket that are not NaN
  points: number;
  perPixel: number; // points in one bucket, at most
  nan: number;
  above: number; // buckets that reach +∞
  below: number; // buckets that reach −∞
  notPositive: number; // values that a logarithmic axis leaves out, at least
  notPositiveExact: boolean; // and not more
}

/** What no line can show: a mark on the edge of the chart, and how far the finite part reaches. */
export interface Mark {
  x: number;
  kind: "nan" | "above" | "below";
  from: number | null;
}

/** Steps from the first to the last, both included. */
export interface Steps {
  from: number;
  to: number;
}

/** Steps as the API asks for them: the end is not among them. */
export function rangeOf(steps: Steps | undefined): { startStep?: bigint; endStep?: bigint } {
  if (steps === undefined) return {};
  return { startStep: BigInt(steps.from), endStep: BigInt(steps.to) + 1n };
}

/** How a curve is looked at. */
export interface CurveView {
  logarithmic: boolean;
  window: number; // steps that the line is smoothed over; 0: not at all
  steps: Steps | undefined; // undefined: all
}

function finite(value: number | undefined): number | null {
  return value === undefined || !Number.isFinite(value) ? null : value;
}

export function curveOf(buckets: Bucket[]): Curve {
  const numbers = buckets.map(({ pointCount, nanCount }) => Number(pointCount - nanCount));
  const points = buckets.map(({ pointCount }) => Number(pointCount));
  const sum = (total: number, part: number) => total + part;
  const mixed = (bucket: Bucket) => (bucket.minValue ?? 1) <= 0 && (bucket.maxValue ?? 0) > 0;
  return {
    buckets,
    x: buckets.map(({ firstStep, lastStep }) => (Number(firstStep) + Number(lastStep)) / 2),
    mean: buckets.map(({ meanValue }) => finite(meanValue)),
    min: buckets.map(({ minValue }) => finite(minValue)),
    max: buckets.map(({ maxValue }) => finite(maxValue)),
    numbers,
    points: points.reduce(sum, 0),
    perPixel: points.reduce((most, some) => Math.max(most, some), 0),
    nan: buckets.reduce((total, { nanCount }) => total + Number(nanCount), 0),
    above: buckets.filter(({ maxValue }) => maxValue === Infinity).length,
    below: buckets.filter(({ minValue }) => minValue === -Infinity).length,
    notPositive: buckets
      .map((bucket, index) => {
        if ((bucket.minValue ?? 1) > 0) return 0;
        return mixed(bucket) ? 1 : (numbers[index] ?? 0);
      })
      .reduce(sum, 0),
    // Of two points of which one is above 0 the other is the one that is not.
    notPositiveExact: !buckets.some((bucket, i) => mixed(bucket) && (numbers[i] ?? 0) > 2),
  };
}

/** The marks of what is not finite. */
export function marksOf({ buckets, x, min, max }: Curve): Mark[] {
  return buckets.flatMap(({ nanCount, minValue, maxValue }, index) => {
    const at = x[index] ?? 0;
    const marks: Mark[] = [];
    if (nanCount > 0n) marks.push({ x: at, kind: "nan", from: null });
    if (maxValue === Infinity) marks.push({ x: at, kind: "above", from: min[index] ?? null });
    if (minValue === -Infinity) marks.push({ x: at, kind: "below", from: max[index] ?? null });
    return marks;
  });
}

/** Whether every point stands for itself, so that dots can show exact values. */
export function isExact(curve: Curve): boolean {
  return curve.perPixel <= 1;
}

/** The places of values without a neighbour: a line through them would not be seen. */
export function aloneIn(values: ArrayLike<number | null | undefined>): number[] {
  const gap = (index: number) => (values[index] ?? null) === null;
  return Array.from(values, (_, index) => index).filter(
    (index) => !gap(index) && gap(index - 1) && gap(index + 1),
  );
}

/** What a chart confesses: how many points it stands for, and what it does not show. */
export function confession(curve: Curve, view: CurveView): string {
  const { perPixel, nan, above, below, notPositive } = curve;
  const said = [`${count(curve.points)} ${curve.points === 1 ? "point" : "points"}`];
  if (view.steps !== undefined) said.push(`steps ${stepsText(view.steps)}`);
  if (perPixel > 1) {
    said.push(`up to ${count(perPixel)} a pixel: line is their mean, band min to max`);
  }
  if (view.window > 0) {
    said.push(`line smoothed over ${count(view.window)} steps, the band is not`);
  }
  if (nan > 0) said.push(`✕ ${count(nan)} NaN`);
  if (above > 0) said.push(`▲ +∞ at ${count(above)} ${places(above)}`);
  if (below > 0) said.push(`▼ −∞ at ${count(below)} ${places(below)}`);
  if (view.logarithmic && notPositive > 0) {
    const least = curve.notPositiveExact ? "" : "at least ";
    said.push(`${least}${count(notPositive)} at or below 0 left out`);
  }
  return said.join(" · ");
}

function places(of: number): string {
  return of === 1 ? "place" : "places";
}

/** What stands under the cursor, digit for digit. */
export function readoutOf({ buckets }: Curve, index: number): string {
  const bucket = buckets[index];
  if (bucket === undefined) return "";
  const { firstStep, lastStep, pointCount, nanCount, minValue, maxValue, meanValue } = bucket;
  const where = firstStep === lastStep ? `step ${firstStep}` : `steps ${firstStep} to ${lastStep}`;
  if (minValue === undefined || maxValue === undefined) return `${where}: NaN`;
  if (pointCount === 1n || minValue === maxValue) return `${where}: ${exact(minValue)}`;
  const mean = meanValue === undefined ? "" : `mean ${exact(meanValue)}, `;
  const nan = nanCount > 0n ? `, ${count(nanCount)} NaN` : "";
  const of = `${count(pointCount)} points${nan}`;
  return `${where}: ${mean}${exact(minValue)} to ${exact(maxValue)} (${of})`;
}

/** Steps as the address has them: "100..500". */
export function stepsText({ from, to }: Steps): string {
  return `${from}..${to}`;
}

/** Steps of an address; undefined for all, and for what is no range. */
export function stepsOf(text: string): Steps | undefined {
  const [, from, to] = /^(-?\d+)\.\.(-?\d+)$/.exec(text) ?? [];
  if (from === undefined || to === undefined) return undefined;
  const steps = { from: Number(from), to: Number(to) };
  const known = Number.isSafeInteger(steps.from) && Number.isSafeInteger(steps.to);
  return known && steps.from <= steps.to ? steps : undefined;
}

/** The whole steps between two places on an axis, at least one of them. */
export function stepsBetween(a: number, b: number): Steps {
  const from = Math.ceil(Math.min(a, b));
  return { from, to: Math.max(Math.floor(Math.max(a, b)), from) };
}

/** The columns of a chart: on a logarithmic axis without what it cannot show. */
export function columnsOf(
  { min, max }: Curve,
  line: (number | null)[],
  logarithmic: boolean,
): [line: (number | null)[], min: (number | null)[], max: (number | null)[]] {
  if (!logarithmic) return [line, min, max];
  const positive = (value: number | null) => (value !== null && value <= 0 ? null : value);
  // The band of a bucket that has both reaches down to the edge, where the chart puts what is below.
  const low = min.map((value, index) => ((max[index] ?? 0) <= 0 ? null : value));
  return [line.map(positive), low, max.map(positive)];
}

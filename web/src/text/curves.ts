// A curve as the server summarizes it: for each column of pixels the least, the greatest and the
// mean value, so that a spike of one point is seen at any width.

/** One range of steps. Without a finite value the three are undefined. */
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
  x: number[];
  mean: (number | null)[];
  min: (number | null)[];
  max: (number | null)[];
  points: number;
  perPixel: number; // points in one bucket, at most
  notFinite: number; // NaN and infinity: points that no line can show
  notPositive: number; // buckets that a logarithmic axis leaves out
}

const INFINITE = 1.7976931348623157e308;

function finite(value: number | undefined): number | null {
  return value === undefined || !Number.isFinite(value) || Math.abs(value) > INFINITE
    ? null
    : value;
}

export function curveOf(buckets: Bucket[]): Curve {
  const curve: Curve = {
    x: [],
    mean: [],
    min: [],
    max: [],
    points: 0,
    perPixel: 0,
    notFinite: 0,
    notPositive: 0,
  };
  for (const bucket of buckets) {
    const points = Number(bucket.pointCount);
    curve.points += points;
    curve.perPixel = Math.max(curve.perPixel, points);
    const mean = finite(bucket.meanValue);
    const min = finite(bucket.minValue);
    const max = finite(bucket.maxValue);
    curve.notFinite += Number(bucket.nanCount);
    if ((min === null || max === null) && points > Number(bucket.nanCount)) curve.notFinite += 1;
    if (min !== null && min <= 0) curve.notPositive += 1;
    curve.x.push((Number(bucket.firstStep) + Number(bucket.lastStep)) / 2);
    curve.mean.push(mean ?? min ?? max);
    curve.min.push(min);
    curve.max.push(max);
  }
  return curve;
}

/** What a chart confesses: how many points it stands for, and what it does not show. */
export function confession(curve: Curve, logarithmic: boolean): string {
  const said = [`${curve.points.toLocaleString("en")} points`];
  if (curve.perPixel > 1) {
    said.push(
      `up to ${curve.perPixel.toLocaleString("en")} a pixel: line is their mean, band min to max`,
    );
  }
  if (curve.notFinite > 0) said.push(`${curve.notFinite} NaN or infinite`);
  if (logarithmic && curve.notPositive > 0)
    said.push(`${curve.notPositive} at or below 0 left out`);
  return said.join(" · ");
}

// Curves as the server packs them: one little-endian array for each column of the buckets.
import type { Bucket } from "./curves.ts";

export interface PackedCurve {
  firstSteps: Uint8Array;
  lastSteps: Uint8Array;
  minValues: Uint8Array;
  maxValues: Uint8Array;
  meanValues: Uint8Array;
  pointCounts: Uint8Array;
  nanCounts: Uint8Array;
}

function doubles(bytes: Uint8Array): Float64Array {
  return new Float64Array(bytes.slice().buffer); // a copy begins at a multiple of eight
}

function counts(bytes: Uint8Array): Uint32Array {
  return new Uint32Array(bytes.slice().buffer);
}

/** The buckets of a packed curve; a value that is NaN is none. */
export function bucketsOf(packed: PackedCurve): Bucket[] {
  const first = doubles(packed.firstSteps);
  const last = doubles(packed.lastSteps);
  const min = doubles(packed.minValues);
  const max = doubles(packed.maxValues);
  const mean = doubles(packed.meanValues);
  const points = counts(packed.pointCounts);
  const nan = counts(packed.nanCounts);
  const valueOf = (value: number | undefined) =>
    value === undefined || Number.isNaN(value) ? undefined : value;
  return Array.from(first, (step, at) => ({
    firstStep: BigInt(step),
    lastStep: BigInt(last[at] ?? step),
    pointCount: BigInt(points[at] ?? 0),
    nanCount: BigInt(nan[at] ?? 0),
    minValue: valueOf(min[at]),
    maxValue: valueOf(max[at]),
    meanValue: valueOf(mean[at]),
  }));
}

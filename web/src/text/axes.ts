// Axes: where a value stands between the ends of one, and which values are written along it.

/** The values at both ends of an axis. On a logarithmic one both are above 0. */
export interface Axis {
  min: number;
  max: number;
  logarithmic: boolean;
}

/** Above this ratio of the greatest to the least value a linear axis squeezes most of them. */
const WIDE = 100;

/** An axis around all that is finite; undefined where nothing can stand on it. */
export function axisOf(values: Iterable<number>, logarithmic = false): Axis | undefined {
  let min = Infinity;
  let max = -Infinity;
  for (const value of values) {
    if (!Number.isFinite(value) || (logarithmic && value <= 0)) continue;
    min = Math.min(min, value);
    max = Math.max(max, value);
  }
  if (min > max) return undefined;
  if (min < max) return { min, max, logarithmic };
  // One value stands in the middle of an axis that has some length.
  if (logarithmic) return { min: min / 2, max: max * 2, logarithmic };
  const room = Math.abs(min) / 2 || 1;
  return { min: min - room, max: max + room, logarithmic };
}

/** Whether a logarithmic axis shows these better: all above 0, and far apart. */
export function isWide(values: number[]): boolean {
  if (values.length === 0 || values.some((value) => !(value > 0))) return false;
  return Math.max(...values) / Math.min(...values) >= WIDE;
}

/** From 0 at the axis's beginning to 1 at its end; undefined for what it cannot show. */
export function placeOn({ min, max, logarithmic }: Axis, value: number): number | undefined {
  if (!Number.isFinite(value)) return undefined;
  if (!logarithmic) return (value - min) / (max - min);
  return value > 0 ? Math.log(value / min) / Math.log(max / min) : undefined;
}

/** The value at a place from 0 to 1. */
export function valueAt({ min, max, logarithmic }: Axis, place: number): number {
  return logarithmic ? min * (max / min) ** place : min + place * (max - min);
}

/** Round values along an axis, about `wanted` of them; none is outside of it. */
export function ticksOf(axis: Axis, wanted = 5): number[] {
  const { min, max, logarithmic } = axis;
  if (logarithmic && max / min >= 10) return powers(min, max, wanted);
  const rough = (max - min) / wanted;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = ([1, 2, 5].find((factor) => factor * power >= rough) ?? 10) * power;
  const first = Math.ceil(min / step - 1e-9);
  const last = Math.floor(max / step + 1e-9);
  // Whole steps, written as decimals: 3 * 0.1 is not 0.3.
  return Array.from({ length: Math.max(last - first + 1, 0) }, (_, index) =>
    Number(((first + index) * step).toPrecision(12)),
  );
}

function powers(min: number, max: number, wanted: number): number[] {
  const first = Math.ceil(Math.log10(min) - 1e-9);
  const last = Math.floor(Math.log10(max) + 1e-9);
  const by = Math.max(Math.ceil((last - first + 1) / wanted), 1);
  const ticks = [];
  for (let power = first; power <= last; power += by) ticks.push(Number(`1e${power}`));
  return ticks;
}

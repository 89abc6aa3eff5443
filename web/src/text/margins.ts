// Where a check's bar begins and ends: its value against the threshold it had to reach.

export interface Bar {
  needed: number; // where the threshold stands, in percent of the width
  from: number; // where the coloured part begins
  width: number;
}

/**
 * The bar of a value that is `margin` on the right side of its threshold (negative: on the wrong
 * one). The threshold stands in the middle, the value as far from it as the margin is of the larger
 * of both, so that bars of different metrics compare. Undefined without numbers.
 */
export function barOf(observed: number | undefined, margin: number | undefined): Bar | undefined {
  if (observed === undefined || margin === undefined) return undefined;
  if (!Number.isFinite(observed) || !Number.isFinite(margin)) return undefined;
  const size = Math.max(Math.abs(observed), Math.abs(observed - margin), Number.MIN_VALUE);
  const away = Math.max(Math.min(margin / size, 1), -1) * 50;
  return { needed: 50, from: away < 0 ? 50 + away : 50, width: Math.max(Math.abs(away), 1) };
}

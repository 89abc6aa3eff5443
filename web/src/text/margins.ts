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

/** What of a counterfactual matters to a bar: the check and the value that it speaks of. */
export interface Flip {
  check: string;
  subject: string;
  observed?: number | undefined;
  needed: number;
}

/**
 * Where on the bar of a check the value lies that turns the verdict, in percent of the width. Of the
 * check that the server names it is the threshold itself; on the bar of another check of the same
 * metric it lies as far from the value as it is. Undefined where it does not concern the check.
 */
export function flipOf(
  check: {
    id: string;
    metric: string;
    observed?: number | undefined;
    margin?: number | undefined;
    needed: string;
  },
  flip: Flip,
): number | undefined {
  const { observed, margin } = check;
  const bar = barOf(observed, margin);
  if (bar === undefined || observed === undefined || margin === undefined) return undefined;
  if (flip.check === check.id) return bar.needed;
  const least = check.needed.startsWith(">");
  if (flip.subject !== check.metric || !(least || check.needed.startsWith("<"))) return undefined;
  const size = Math.max(Math.abs(observed), Math.abs(observed - margin), Number.MIN_VALUE);
  const needed = margin + (flip.needed - observed) * (least ? 1 : -1);
  return bar.needed + Math.max(Math.min(needed / size, 1), -1) * 50;
}

// Which way a metric gets better, where everybody agrees on it.

export type Direction = "higher" | "lower";

const BETTER: Record<string, Direction> = {
  silhouette: "higher",
  calinski_harabasz: "higher",
  accuracy: "higher",
  davies_bouldin: "lower",
  inertia: "lower",
  loss: "lower",
};

/** Undefined where the name does not tell; "val/loss" and "train_loss" are losses too. */
export function directionOf(metric: string): Direction | undefined {
  const bare = metric
    .toLowerCase()
    .replace(/^(.*[/.:]|(train|val|valid|validation|test|eval)_)/, "");
  return Object.hasOwn(BETTER, bare) ? BETTER[bare] : undefined;
}

/** Whether a change is one for the better; undefined for none, and where nobody can say. */
export function verdictOf(metric: string, change: number): "better" | "worse" | undefined {
  const direction = directionOf(metric);
  if (direction === undefined || Number.isNaN(change) || change === 0) return undefined;
  return change > 0 === (direction === "higher") ? "better" : "worse";
}

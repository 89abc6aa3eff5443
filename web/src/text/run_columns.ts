// Which columns a table of runs shows, and in which order: told by the address, chosen from what the
// runs have when it is silent.

export interface RunLike {
  params: Record<string, string>;
  metrics: { key: string }[];
}

/** The measures of a clustering that people ask for first, in their order. */
const FIRST_METRICS = [
  "silhouette",
  "inertia",
  "davies_bouldin",
  "calinski_harabasz",
  "loss",
  "accuracy",
];
const MOST_PARAMS = 4;
const MOST_METRICS = 6;

/**
 * The keys of params and metrics that tell these runs apart: params with more than one value first,
 * metrics that most runs have. As fields of the search language, "params.k".
 */
export function telling(runs: RunLike[]): string[] {
  const values = new Map<string, Set<string>>();
  const having = new Map<string, number>();
  for (const run of runs) {
    for (const [key, value] of Object.entries(run.params)) {
      values.set(key, (values.get(key) ?? new Set()).add(value));
    }
    for (const { key } of run.metrics) having.set(key, (having.get(key) ?? 0) + 1);
  }
  const params = [...values.entries()]
    .filter(([, different]) => different.size > 1 || runs.length === 1)
    .sort(([a, x], [b, y]) => y.size - x.size || a.localeCompare(b))
    .slice(0, MOST_PARAMS)
    .map(([key]) => field("params", key));
  const metrics = [...having.entries()]
    .sort(([a, x], [b, y]) => place(a) - place(b) || y - x || a.localeCompare(b))
    .slice(0, MOST_METRICS)
    .map(([key]) => field("metrics", key));
  return [...params, ...metrics];
}

function place(metric: string): number {
  const at = FIRST_METRICS.indexOf(metric);
  return at < 0 ? FIRST_METRICS.length : at;
}

/** A key as the search language writes it: in backquotes where it is no plain word. */
export function field(of: "params" | "metrics" | "tags", key: string): string {
  return /^[A-Za-z_][A-Za-z0-9_]*$/.test(key) ? `${of}.${key}` : `${of}.\`${key}\``;
}

/** The key of a field: "k" of "params.k". */
export function keyOf(text: string): string {
  return text.slice(text.indexOf(".") + 1).replace(/^`|`$/g, "");
}

/** The order after a click on a column: descending first, then ascending, then none. */
export function nextOrder(order: string, column: string): string {
  if (order === `${column} desc`) return column;
  return order === column ? "" : `${column} desc`;
}

// Which columns a table of runs shows, and in which order: told by the address, chosen from what the
// runs have when it is silent.

/** A field of runs, and how many of them have it. */
export interface FieldCount {
  field: string; // "params.k"
  runs: number;
  different: number; // values
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
 * The fields that tell runs apart: params with more than one value first, those with the most of
 * them ahead, then metrics that most runs have.
 */
export function telling(fields: FieldCount[], total: number): string[] {
  const params = fields
    .filter(({ field, different }) => field.startsWith("params.") && (different > 1 || total === 1))
    .sort((a, b) => b.different - a.different || inOrder(a.field, b.field))
    .slice(0, MOST_PARAMS);
  const metrics = fields
    .filter(({ field }) => field.startsWith("metrics."))
    .sort(
      (a, b) =>
        place(keyOf(a.field)) - place(keyOf(b.field)) ||
        b.runs - a.runs ||
        inOrder(a.field, b.field),
    )
    .slice(0, MOST_METRICS);
  return [...params, ...metrics].map(({ field }) => field);
}

/** Those of `names` in which not all runs are the same; to lack one is to differ. */
export function differingFields(names: string[], fields: FieldCount[], total: number): string[] {
  const alike = new Set(
    fields
      .filter(({ runs, different }) => runs === total && different === 1)
      .map(({ field }) => field),
  );
  return names.filter((name) => total < 2 || !alike.has(name));
}

// Not by a language: the first comparison of that kind takes a browser ten milliseconds, and a table
// waits for it.
function inOrder(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}

/** Names of metrics in the order in which people ask for them: the measures of a clustering first. */
export function inAskedOrder(a: string, b: string): number {
  return place(a) - place(b) || inOrder(a, b);
}

function place(metric: string): number {
  const at = FIRST_METRICS.indexOf(metric);
  return at < 0 ? FIRST_METRICS.length : at;
}

const PLAIN_PART = /^(?!-)(?!(?:AND|OR|NOT)$)[^\s()"'`=<>!:.,]+$/;

/** Text as it stands in the quotes of the search language, where a bare star is a wildcard. */
export function escaped(text: string): string {
  return text.replace(/["\\*]/g, "\\$&");
}

/** A key as the search language writes it, and the server too: in quotes where it must be. */
export function field(of: "params" | "metrics" | "tags", key: string): string {
  if (key.split(".").every((part) => PLAIN_PART.test(part))) return `${of}.${key}`;
  return `${of}."${escaped(key)}"`;
}

/** The key of a field: "k" of "params.k", "val/loss" of 'metrics."val/loss"'. */
export function keyOf(text: string): string {
  const key = text.slice(text.indexOf(".") + 1);
  if (key.startsWith("`")) return key.replace(/^`|`$/g, "");
  return key.startsWith('"') ? key.slice(1, -1).replace(/\\(.)/g, "$1") : key;
}

/** A field as a read mask names it: never quoted. */
export function maskOf(text: string): string {
  return `${text.slice(0, text.indexOf("."))}.${keyOf(text)}`;
}

/** The column of an order and its direction; keys in quotes may have blanks. */
export function splitOrder(order: string): { key: string; descending: boolean } {
  const descending = order.endsWith(" desc");
  return { key: descending ? order.slice(0, -5) : order, descending };
}

/** The order after a click on a column: descending first, then ascending, then none. */
export function nextOrder(order: string, column: string): string {
  if (order === `${column} desc`) return column;
  return order === column ? "" : `${column} desc`;
}

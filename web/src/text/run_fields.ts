// Fields of runs as the search language names them, "metrics.loss", and what runs have in them.
import { field, keyOf, type FieldCount } from "./run_columns.ts";

export interface RunWithFields {
  params: Record<string, string>;
  tags: Record<string, string>;
  metrics: { key: string; latest?: { value: number } | undefined }[];
}

/** What a run has in a field: a metric's latest value, the text of a param or tag. */
export function fieldOf(run: RunWithFields, name: string): string | number | undefined {
  const key = keyOf(name);
  if (name.startsWith("params.")) return run.params[key];
  if (name.startsWith("tags.")) return run.tags[key];
  return run.metrics.find((metric) => metric.key === key)?.latest?.value;
}

/** A field's value as a number; undefined for texts that are none. */
export function numberIn(value: string | number | undefined): number | undefined {
  if (typeof value !== "string") return value;
  if (!/^\s*[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?\s*$/i.test(value)) return undefined;
  return Number(value);
}

/** Every field that one of the runs has: params, then metrics, then tags, by name. */
export function fieldsOf(runs: RunWithFields[]): string[] {
  const params = new Set<string>();
  const metrics = new Set<string>();
  const tags = new Set<string>();
  for (const run of runs) {
    for (const key in run.params) params.add(key);
    for (const { key } of run.metrics) metrics.add(key);
    for (const key in run.tags) tags.add(key);
  }
  const named = (of: "params" | "metrics" | "tags", keys: Set<string>) =>
    [...keys].sort().map((key) => field(of, key));
  return [...named("params", params), ...named("metrics", metrics), ...named("tags", tags)];
}

/** What these runs have, counted as the server counts it over all runs. */
export function fieldCounts(runs: RunWithFields[]): FieldCount[] {
  const found = new Map<string, { runs: number; values: Set<string | number> }>();
  const add = (name: string, value: string | number | undefined) => {
    const known = found.get(name) ?? { runs: 0, values: new Set() };
    found.set(name, known);
    if (value === undefined) return;
    known.runs += 1;
    known.values.add(value);
  };
  for (const { params, metrics, tags } of runs) {
    for (const [key, value] of Object.entries(params)) add(field("params", key), value);
    for (const { key, latest } of metrics) add(field("metrics", key), latest?.value);
    for (const [key, value] of Object.entries(tags)) add(field("tags", key), value);
  }
  return [...found].map(([name, { runs: having, values }]) => ({
    field: name,
    runs: having,
    different: values.size,
  }));
}

/** Those of the fields in which the runs are not all the same; to lack one is to differ. */
export function differing(runs: RunWithFields[], fields: string[]): string[] {
  if (runs.length < 2) return fields;
  return fields.filter((name) => {
    const first = runs[0] === undefined ? undefined : fieldOf(runs[0], name);
    // NaN is the same as NaN here: nothing tells the runs apart.
    return runs.some((run) => !Object.is(fieldOf(run, name), first));
  });
}

/** Fields as an address lists them: `params.k,metrics."a,b"`. */
export function listed(text: string): string[] {
  const fields = text.match(/(?:"(?:\\.|[^"\\])*"|`[^`]*`|[^,`"])+/g) ?? [];
  return [...new Set(fields)].filter((name) => name !== "");
}

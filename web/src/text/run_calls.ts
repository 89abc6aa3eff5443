// The calls that a table of runs begins with: what is asked, in the same words by who asks early and
// by who asks again. Field numbers are those of proto/cairn/v1/tracking.proto.
import { PAGE_ROWS } from "./row_pages.ts";
import { maskOf, telling, type FieldCount } from "./run_columns.ts";
import { listed } from "./run_fields.ts";
import { fieldsIn, message, nested, number, text, type WireField } from "./wire.ts";

/** Metrics and params that a table chooses its columns from; more than these nobody shows. */
export const MOST_FIELDS = 200;

/** What a table and its keys need of every run, whatever its columns are. */
const ALWAYS = ["uid", "display_name", "state", "start_time", "end_time"];

/** What to read of each run for these columns, as paths of a mask. */
export function pathsOf(fields: readonly string[]): string[] {
  return [...ALWAYS, ...fields.map(maskOf)];
}

/** The columns that the address names, or undefined where it is silent. */
export function pinnedColumns(columns: string): string[] | undefined {
  if (columns === "") return undefined;
  return columns === "none" ? [] : listed(columns);
}

/** Those that tell all runs apart, of what the runs have. */
export function toldColumns(known: FieldCount[]): string[] {
  return telling(known, Math.max(0, ...known.map(({ runs }) => runs)));
}

export function getExperiment(name: string) {
  return message(text(1, name));
}

export function listRunFields(parent: string, filter: string) {
  return message(text(1, parent), text(2, filter), number(5, MOST_FIELDS));
}

/** The first page. */
export function searchRuns(
  parent: string,
  filter: string,
  orderBy: string,
  fields: readonly string[],
) {
  const paths = pathsOf(fields).map((path) => text(1, path));
  return message(
    text(1, parent),
    text(2, filter),
    text(3, orderBy),
    number(4, PAGE_ROWS),
    nested(7, ...paths),
    number(9, 1),
  );
}

/** What ListRunFields answered, if that is all there is; otherwise more is asked before a choice. */
export function allFields(answer: Uint8Array): FieldCount[] | undefined {
  const fields = fieldsIn(answer);
  const total = fields.find(({ field }) => field === 3)?.value ?? 0;
  const known = fields.filter(({ field }) => field === 1).map(countOf);
  return known.length === total ? known : undefined;
}

function countOf({ value }: WireField): FieldCount {
  const parts = typeof value === "number" ? [] : fieldsIn(value);
  const of = (wanted: number) => parts.find(({ field }) => field === wanted)?.value;
  const count = (wanted: number) => Number(of(wanted) ?? 0);
  const name = of(1);
  const field = name instanceof Uint8Array ? new TextDecoder().decode(name) : "";
  return { field, runs: count(3), different: count(4) };
}

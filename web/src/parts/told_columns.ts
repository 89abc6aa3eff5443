// Which columns a table of runs has.
import type { Failure } from "../api/calls.ts";
import { useNewest, useQuery } from "../api/queries.ts";
import { headFields } from "../api/run_fields.ts";
import { query } from "../app/address.ts";
import { pinnedColumns, toldColumns } from "../text/run_calls.ts";
import type { FieldCount } from "../text/run_columns.ts";

export interface Columns {
  known: FieldCount[]; // what the runs have, as far as a table chooses from it
  total: number; // fields that they have
  wished: string[]; // the fields that are columns, unless they are alike in all runs
  axes: { x: string; y: string }; // what a chart begins with
  read: string[] | undefined; // what to read of each run; undefined: not known yet
  failure: Failure | undefined;
  again: () => void;
}

/** The columns that the address names; without any, those that tell all of the runs apart. */
export function useColumns(experiment: string, filter: string): Columns {
  const key = `fields ${JSON.stringify([experiment, filter])}`;
  const fields = useQuery(key, () => headFields(experiment, filter));
  const head = useNewest(fields.data);
  const known = head?.fields ?? [];
  const pinned = pinnedColumns(query.value.get("columns") ?? "");
  const told = toldColumns(known);
  const wished = pinned ?? told;
  const of = (kind: string) => told.find((field) => field.startsWith(kind)) ?? "";
  return {
    known,
    total: head?.total ?? 0,
    wished,
    axes: { x: of("params.") || of("metrics."), y: of("metrics.") },
    read: pinned === undefined && fields.data === undefined ? undefined : wished,
    failure: fields.failure,
    again: fields.reload,
  };
}

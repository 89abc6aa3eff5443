// The fields that runs have, as the server counts them over all of the runs.
import type { RunField } from "../../gen/cairn/v1/tracking_pb.ts";
import type { FieldCount } from "../text/run_columns.ts";
import { tracking } from "./services/tracking.ts";
import { MOST_FIELDS } from "../text/run_calls.ts";

function counted({ field, runCount, distinctCount }: RunField): FieldCount {
  return { field, runs: Number(runCount), different: Number(distinctCount) };
}

export interface FoundFields {
  fields: FieldCount[];
  total: number; // of all that were asked for
}

/** Fields whose name contains `wanted`, of the runs that `filter` lets through. */
export async function findFields(
  parent: string,
  filter: string,
  wanted: string,
  most = MOST_FIELDS,
): Promise<FoundFields> {
  const { fields, totalSize } = await tracking.listRunFields({
    parents: [parent],
    filter,
    query: wanted,
    pageSize: most,
  });
  return { fields: fields.map(counted), total: Number(totalSize) };
}

/** Those a table begins with. Where there are many metrics, params are asked for by themselves. */
export async function headFields(parent: string, filter: string): Promise<FoundFields> {
  const all = await findFields(parent, filter, "");
  if (all.fields.length === all.total) return all;
  const params = await findFields(parent, filter, "params.");
  const known = new Set(all.fields.map(({ field }) => field));
  const more = params.fields.filter(({ field }) => !known.has(field));
  return { fields: [...all.fields, ...more], total: all.total };
}

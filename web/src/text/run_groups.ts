// Groups of runs, told to the search language.
import { escaped } from "./run_columns.ts";

export interface GroupValue {
  text: string;
  missing: boolean;
}

/** The filter that finds the runs of one group among those that `filter` finds. */
export function filterOfGroup(filter: string, by: string[], values: GroupValue[]): string {
  const own = by.map((field, at) => {
    const value = values[at];
    return value === undefined || value.missing
      ? `NOT ${field}:*`
      : `${field} = "${escaped(value.text)}"`;
  });
  const asked = filter.trim();
  return [...(asked === "" ? [] : [`(${asked})`]), ...own].join(" AND ");
}

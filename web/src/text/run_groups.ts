// Groups of runs, told to the search language.

export interface GroupValue {
  text: string;
  missing: boolean;
}

function quotedText(text: string): string {
  return `"${text.replaceAll("\\", "\\\\").replaceAll('"', '\\"')}"`;
}

/** The filter that finds the runs of one group among those that `filter` finds. */
export function filterOfGroup(filter: string, by: string[], values: GroupValue[]): string {
  const own = by.map((field, at) => {
    const value = values[at];
    return value === undefined || value.missing
      ? `NOT ${field}:*`
      : `${field} = ${quotedText(value.text)}`;
  });
  const asked = filter.trim();
  return [...(asked === "" ? [] : [`(${asked})`]), ...own].join(" AND ");
}

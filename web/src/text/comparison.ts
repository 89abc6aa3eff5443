// What differs between things that have texts and numbers by name.

export interface Compared {
  key: string;
  values: (string | undefined)[];
  differs: boolean;
}

/** One row for each key that any of them has, in the order of keys. */
export function compare(sides: Record<string, string>[]): Compared[] {
  const keys = [...new Set(sides.flatMap((side) => Object.keys(side)))].sort();
  return keys.map((key) => {
    const values = sides.map((side) => side[key]);
    return { key, values, differs: new Set(values).size > 1 };
  });
}

/** The versions of data sets that the runs read, each once. */
export function dataOf(runs: { inputs: { datasetVersion: string }[] }[]): string[] {
  const names = runs.flatMap(({ inputs }) => inputs.map(({ datasetVersion }) => datasetVersion));
  return [...new Set(names)].sort();
}

/** Why the runs may not be compared by their metrics; empty when nothing speaks against it. */
export function warnings(
  runs: { inputs: { datasetVersion: string; sha256: string }[] }[],
): string[] {
  const digests = new Set(
    runs.map(({ inputs }) =>
      inputs
        .map(({ sha256 }) => sha256)
        .sort()
        .join(),
    ),
  );
  if (digests.size <= 1) return [];
  return [`They were trained on different data: ${dataOf(runs).join(", ")}.`];
}

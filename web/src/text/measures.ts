// What was measured of versions: which value counts, and whether two of them can be compared.

export interface Measure {
  metric: string;
  value: number;
  byServer: boolean;
  /** What the value rests on: definition, data and space. Only on the same basis values compare. */
  basis: string;
  /** It describes the version together with another one: there is nothing to compare it with. */
  paired: boolean;
}

/** Of each metric the value that counts: the server's own measurement, else what was reported. */
export function shownOf(measures: Measure[]): Map<string, Measure> {
  const shown = new Map<string, Measure>();
  for (const measure of measures) {
    const known = shown.get(measure.metric);
    if (known === undefined || (measure.byServer && !known.byServer)) {
      shown.set(measure.metric, measure);
    }
  }
  return shown;
}

/**
 * How far a version is from the champion in a metric, on a basis that both were measured on; the
 * server's measurements come first. Undefined where they have none in common.
 */
export function deltaOf(metric: string, own: Measure[], champion: Measure[]): number | undefined {
  const usable = (measures: Measure[]) =>
    measures
      .filter((one) => one.metric === metric && !one.paired)
      .sort((a, b) => Number(b.byServer) - Number(a.byServer));
  for (const { basis, byServer, value } of usable(own)) {
    const same = usable(champion).find((one) => one.basis === basis && one.byServer === byServer);
    if (same !== undefined) return value - same.value;
  }
  return undefined;
}

/** "silhouette", "-silhouette" (greatest first) or "" (newest first): what a click on it makes. */
export function nextBy(by: string, metric: string): string {
  if (by === `-${metric}`) return metric;
  return by === metric ? "" : `-${metric}`;
}

/** Sorted by a metric; those without it stand at the end. */
export function sortedBy<Row>(
  rows: Row[],
  by: string,
  valueOf: (row: Row, metric: string) => number | undefined,
): Row[] {
  if (by === "") return rows;
  const sign = by.startsWith("-") ? -1 : 1;
  const metric = by.replace(/^-/, "");
  return rows.toSorted((a, b) => {
    const [left, right] = [valueOf(a, metric), valueOf(b, metric)];
    if (left === undefined || right === undefined) {
      return Number(left === undefined) - Number(right === undefined);
    }
    return sign * (left - right);
  });
}

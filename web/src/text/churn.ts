// Where customers went between two versions, as the report of the later one tells it.

export interface Churn {
  from: string; // the version before, as a resource name
  before: string[]; // names of the segments
  after: string[];
  customers: number[][]; // one row and one column more than there are names: those in no segment
  sameShare: number | undefined; // of the customers in both, those in a segment of the same name
  sizes: number[]; // of the segments after, as the report states them elsewhere
}

interface Report {
  migration?: {
    from?: unknown;
    before?: unknown;
    after?: unknown;
    customers?: unknown;
    same_segment_share?: unknown;
  } | null;
  profiles?: { segments?: { customers?: unknown }[] };
}

function isNames(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((name) => typeof name === "string");
}

function isTable(value: unknown, rows: number, columns: number): value is number[][] {
  const isRow = (row: unknown) =>
    Array.isArray(row) && row.length === columns && row.every((cell) => typeof cell === "number");
  return Array.isArray(value) && value.length === rows && value.every(isRow);
}

/** The table of a report.json; undefined where the report compares with nothing, or is not one. */
export function churnOf(report: unknown): Churn | undefined {
  const { migration, profiles } = (report ?? {}) as Report;
  if (migration == null || typeof migration.from !== "string") return undefined;
  const { from, before, after, customers, same_segment_share: share } = migration;
  if (!isNames(before) || !isNames(after)) return undefined;
  if (!isTable(customers, before.length + 1, after.length + 1)) return undefined;
  const sizes = (profiles?.segments ?? []).map((segment) => Number(segment.customers));
  const sameShare = typeof share === "number" ? share : undefined;
  return { from, before, after, customers, sameShare, sizes };
}

export function rowSums({ customers }: Churn): number[] {
  return customers.map((row) => row.reduce((sum, cell) => sum + cell, 0));
}

export function columnSums({ customers }: Churn): number[] {
  const first = customers[0] ?? [];
  return first.map((_, column) => customers.reduce((sum, row) => sum + (row[column] ?? 0), 0));
}

/** The segments now whose column does not sum to the size that the report states. */
export function wrongSums(churn: Churn): { segment: string; sum: number; size: number }[] {
  const sums = columnSums(churn);
  return churn.after.flatMap((segment, index) => {
    const [sum = 0, size = NaN] = [sums[index], churn.sizes[index]];
    return sum === size ? [] : [{ segment, sum, size }];
  });
}

export interface Stream {
  source: string;
  target: string;
  value: number;
  stays: boolean; // the segment has the same name on both sides
  row: number;
}

export const NEWCOMERS = "in none before";
export const LEAVERS = "in none now";

/** The cells with customers as streams between named places; names of both sides differ. */
export function streamsOf({ before, after, customers }: Churn): Stream[] {
  return customers.flatMap((cells, row) =>
    cells.flatMap((value, column) => {
      if (value === 0) return [];
      const [old, now] = [before[row], after[column]];
      return [
        { source: `before ${row}`, target: `after ${column}`, value, stays: old === now, row },
      ];
    }),
  );
}

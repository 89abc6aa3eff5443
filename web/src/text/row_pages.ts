// The rows of a long table as they are read: page by page, in any order, as the reader scrolls.

/** Rows of one page: about as many as a window shows. */
export const PAGE_ROWS = 50;

/** Pages that are kept; those farthest from the window go first. */
const MOST_PAGES = 240;

/** Pages read in one call. */
const MOST_AT_ONCE = 4;

export interface RowPages<Row> {
  total: number; // rows there are
  pages: ReadonlyMap<number, readonly Row[]>; // by number, from 0
}

/** Pages from the first up to `end`, which is none of them. */
export interface PageRange {
  first: number;
  end: number;
}

/** The row at a place; undefined until its page was read. */
export function rowAt<Row>({ pages }: RowPages<Row>, index: number): Row | undefined {
  return pages.get(Math.floor(index / PAGE_ROWS))?.[index % PAGE_ROWS];
}

/** The rows from the first on, as far as they were read without a gap. */
export function leadingRows<Row>({ pages }: RowPages<Row>): Row[] {
  const rows: Row[] = [];
  for (let page = 0; ; ++page) {
    const next = pages.get(page);
    if (next === undefined) return rows;
    rows.push(...next);
  }
}

/** The pages that have these rows. */
export function pagesOf(first: number, end: number): PageRange {
  const from = Math.floor(Math.max(first, 0) / PAGE_ROWS);
  return { first: from, end: Math.max(Math.ceil(end / PAGE_ROWS), from + 1) };
}

/**
 * What to read next for rows from `first` up to `end`: all pages that are missing at once, with what
 * lies between them, so that a window is whole after one answer.
 */
export function missingPages<Row>(
  { total, pages }: RowPages<Row>,
  first: number,
  end: number,
): PageRange | undefined {
  const window = pagesOf(first, Math.min(end, total));
  const missing = Array.from({ length: window.end - window.first }, (_, i) => window.first + i)
    .filter((page) => !pages.has(page) && page * PAGE_ROWS < total)
    .slice(0, MOST_AT_ONCE);
  const [from] = missing;
  const to = missing.at(-1);
  if (from === undefined || to === undefined) return undefined;
  return { first: from, end: Math.min(to + 1, from + MOST_AT_ONCE) };
}

/**
 * The rows with those that were read from the page `first` on. Where the table has become another
 * length meanwhile, what was read before may stand at other places, and only the new rows are kept.
 */
export function withRows<Row>(
  before: RowPages<Row>,
  first: number,
  rows: readonly Row[],
  total: number,
): RowPages<Row> {
  const read = Array.from(
    { length: Math.ceil(rows.length / PAGE_ROWS) },
    (_, i): [number, readonly Row[]] => [first + i, rows.slice(i * PAGE_ROWS, (i + 1) * PAGE_ROWS)],
  );
  if (total !== before.total) return { total, pages: new Map(read) };
  const near = [...before.pages].sort(([a], [b]) => Math.abs(a - first) - Math.abs(b - first));
  return { total, pages: new Map([...near.slice(0, MOST_PAGES - read.length), ...read]) };
}

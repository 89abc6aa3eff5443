// The rows of a long table as they are read: page by page, in any order, as the reader scrolls.

/** Rows of one page. */
export const PAGE_ROWS = 200;

/** Pages that are kept; those farthest from the window go first. */
const MOST_PAGES = 60;

export interface RowPages<Row> {
  total: number; // rows there are
  pages: ReadonlyMap<number, readonly Row[]>; // by number, from 0
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

/** The page to read next for rows from `first` up to `end`, the one in the middle of them first. */
export function missingPage<Row>(
  { total, pages }: RowPages<Row>,
  first: number,
  end: number,
): number | undefined {
  const from = Math.floor(Math.max(first, 0) / PAGE_ROWS);
  const to = Math.floor(Math.max(Math.min(end, total) - 1, 0) / PAGE_ROWS);
  const middle = Math.floor(Math.max(first + end, 0) / 2 / PAGE_ROWS);
  const missing = Array.from({ length: Math.max(to - from + 1, 0) }, (_, i) => from + i)
    .filter((page) => !pages.has(page) && page * PAGE_ROWS < total)
    .sort((a, b) => Math.abs(a - middle) - Math.abs(b - middle) || a - b);
  return missing[0];
}

/**
 * The rows with a page more. Where the table has become another length meanwhile, what was read
 * before may stand at other places, and only the new page is kept.
 */
export function withPage<Row>(
  before: RowPages<Row>,
  page: number,
  rows: readonly Row[],
  total: number,
): RowPages<Row> {
  if (total !== before.total) return { total, pages: new Map([[page, rows]]) };
  const near = [...before.pages].sort(([a], [b]) => Math.abs(a - page) - Math.abs(b - page));
  return { total, pages: new Map([[page, rows], ...near.slice(0, MOST_PAGES - 1)]) };
}

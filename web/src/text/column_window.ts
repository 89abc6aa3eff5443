// Which columns of a wide table are in view: the others are room, and no elements.

/** Columns as wide as this; more of them than `whole` are shown by window. */
export const COLUMN_PIXELS = 216;
export const WHOLE_COLUMNS = 12;
const OVERSCAN_COLUMNS = 2;

export interface ColumnWindow {
  first: number;
  end: number; // behind the last
  before: number; // pixels of room on either side
  after: number;
}

/** Of `total` columns those that show in `pixels` from `left` on. */
export function columnWindow(total: number, left: number, pixels: number): ColumnWindow {
  if (total <= WHOLE_COLUMNS) return { first: 0, end: total, before: 0, after: 0 };
  const last = Math.max(total - 1, 0);
  const first = Math.min(Math.max(Math.floor(left / COLUMN_PIXELS) - OVERSCAN_COLUMNS, 0), last);
  const end = Math.min(Math.ceil((left + pixels) / COLUMN_PIXELS) + OVERSCAN_COLUMNS, total);
  return {
    first,
    end: Math.max(end, first + 1),
    before: first * COLUMN_PIXELS,
    after: (total - Math.max(end, first + 1)) * COLUMN_PIXELS,
  };
}

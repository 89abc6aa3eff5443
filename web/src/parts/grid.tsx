// A table of any number of rows: only those in view are in the page, and the scroll bar is that of
// all of them.
import { Component, createRef, type ComponentChildren } from "preact";
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";

export interface GridColumn<Row> {
  key: string;
  head: string;
  width: number; // pixels at least
  grow?: number; // its share of what is left over; 0 unless set
  number?: boolean; // set right
  cell: (row: Row) => ComponentChildren;
  sortable?: boolean;
}

export interface GridProps<Row> {
  label: string;
  columns: GridColumn<Row>[];
  total: number; // rows there are
  row: (index: number) => Row | undefined; // undefined: not read yet
  onWindow?: (first: number, end: number) => void; // what is in view, to read it
  order?: { key: string; descending: boolean };
  onOrder?: (key: string) => void;
  cursor?: number; // the row that keys act on
  height?: string;
}

/** Above this many pixels browsers cut an element; the scroll position is then scaled. */
const MAX_PIXELS = 30_000_000;
const OVERSCAN_ROWS = 8;

/** Pixels of a window that are taken for the table's until they are known. */
const MOST_AT_FIRST = 800;

function rowHeight(): number {
  const height = getComputedStyle(document.documentElement).getPropertyValue("--row");
  return parseFloat(height) || 28;
}

function useWindow(total: number, height: number) {
  const box = useRef<HTMLDivElement>(null);
  const [view, setView] = useState({ top: 0, pixels: Math.min(window.innerHeight, MOST_AT_FIRST) });
  useLayoutEffect(() => {
    const element = box.current;
    if (element === null) return undefined;
    const look = () => setView({ top: element.scrollTop, pixels: element.clientHeight });
    // It tells the height once the page is laid out, before it is painted: to ask here would lay it
    // out once more, for rows that are not there yet.
    element.addEventListener("scroll", look, { passive: true });
    const observer = new ResizeObserver(look);
    observer.observe(element);
    return () => {
      element.removeEventListener("scroll", look);
      observer.disconnect();
    };
  }, []);
  const whole = total * height;
  const pixels = Math.min(whole, MAX_PIXELS);
  const scale = pixels <= view.pixels ? 1 : (whole - view.pixels) / (pixels - view.pixels);
  const top = view.top * scale;
  const first = Math.max(Math.floor(top / height) - OVERSCAN_ROWS, 0);
  const end = Math.min(Math.ceil((top + view.pixels) / height) + OVERSCAN_ROWS, total);
  return { box, pixels, first, end, shift: view.top - top };
}

export function Grid<Row>(props: GridProps<Row>) {
  const { columns, total, row, onWindow, order, onOrder, cursor } = props;
  const [height] = useState(rowHeight);
  const { box, pixels, first, end, shift } = useWindow(total, height);
  // Before anything is painted: what is not there yet is asked for at once.
  useLayoutEffect(() => onWindow?.(first, end), [first, end, total]);
  useEffect(() => {
    if (cursor === undefined || box.current === null) return;
    const at = cursor * height;
    const { scrollTop, clientHeight } = box.current;
    if (at < scrollTop) box.current.scrollTop = at;
    if (at + 2 * height > scrollTop + clientHeight) {
      box.current.scrollTop = at + 2 * height - clientHeight;
    }
  }, [cursor]);
  const template = columns
    .map(({ width, grow = 0 }) => `minmax(${width}px, ${grow === 0 ? `${width}px` : `${grow}fr`})`)
    .join(" ");
  const least = columns.reduce((sum, { width }) => sum + width, 0);
  const slots = useSlots(end - first);
  const indexes = Array.from({ length: Math.max(end - first, 0) }, (_, at) => first + at);
  return (
    <div
      ref={box}
      class="grid"
      role="grid"
      aria-label={props.label}
      aria-rowcount={total + 1}
      aria-colcount={columns.length}
      tabIndex={0}
      style={{ "--columns": template, "--least": `${least}px`, height: props.height ?? "auto" }}
    >
      <div class="grid-row grid-head" role="row" aria-rowindex={1}>
        {columns.map((column) => (
          <HeadCell
            key={column.key}
            column={column}
            {...(order && { order })}
            {...(onOrder && { onOrder })}
          />
        ))}
      </div>
      <div class="grid-body" style={{ height: `${pixels}px` }}>
        {indexes.map((index) => (
          <GridRow
            key={index % slots}
            index={index}
            data={row(index)}
            columns={columns}
            top={index * height + shift}
            selected={index === cursor}
          />
        ))}
      </div>
    </div>
  );
}

/** How many elements rows take turns with: as many as were in view at once, and never fewer. */
function useSlots(rows: number): number {
  const most = useRef(1);
  most.current = Math.max(most.current, rows);
  return most.current;
}

interface GridRowProps<Row> {
  index: number;
  data: Row | undefined;
  columns: GridColumn<Row>[];
  top: number; // pixels
  selected: boolean;
}

/**
 * A row in view. The elements of one that left are taken for one that came; until its data are there
 * they stay as they are, unseen, for it costs far more to make elements than to change their texts.
 */
class GridRow<Row> extends Component<GridRowProps<Row>> {
  private last: Row | undefined;
  private readonly element = createRef<HTMLDivElement>();

  override shouldComponentUpdate(next: GridRowProps<Row>): boolean {
    const { index, data, columns, top, selected } = this.props;
    return (
      next.data !== data ||
      next.columns !== columns ||
      next.index !== index ||
      next.top !== top ||
      next.selected !== selected
    );
  }

  /** Keys that are pressed on a row that left do not act on the one that came. */
  override componentDidUpdate(before: GridRowProps<Row>): void {
    const element = this.element.current;
    if (before.index === this.props.index || element?.contains(document.activeElement) !== true)
      return;
    element.closest<HTMLElement>(".grid")?.focus({ preventScroll: true });
  }

  override render() {
    const { index, data, columns, top, selected } = this.props;
    this.last = data ?? this.last;
    const shown = this.last;
    return (
      <div
        ref={this.element}
        class={data === undefined ? "grid-row waits" : "grid-row"}
        role="row"
        aria-rowindex={index + 2}
        aria-selected={selected}
        aria-busy={data === undefined}
        style={{ top: `${top}px` }}
      >
        {columns.map(({ key, number, cell }) => (
          <div key={key} role="gridcell" class={number === true ? "cell number" : "cell"}>
            {shown !== undefined && cell(shown)}
          </div>
        ))}
      </div>
    );
  }
}

function HeadCell<Row>({
  column,
  order,
  onOrder,
}: {
  column: GridColumn<Row>;
  order?: { key: string; descending: boolean };
  onOrder?: (key: string) => void;
}) {
  const here = order?.key === column.key;
  const sorted = here ? (order.descending ? "descending" : "ascending") : "none";
  const style = column.number === true ? "cell number" : "cell";
  if (column.sortable !== true || onOrder === undefined) {
    return (
      <div role="columnheader" class={style} title={column.head}>
        {column.head}
      </div>
    );
  }
  return (
    <div role="columnheader" class={style} aria-sort={sorted} title={column.head}>
      <button type="button" onClick={() => onOrder(column.key)}>
        {column.head}
        {here ? (order.descending ? " ↓" : " ↑") : ""}
      </button>
    </div>
  );
}

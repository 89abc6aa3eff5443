// A table with a column for each run. Of very many runs only the columns in view are elements; what a
// row is about, and the baseline, stay in view.
import type { ComponentChildren } from "preact";
import { useLayoutEffect, useRef, useState } from "preact/hooks";
import type { Run } from "../../gen/cairn/v1/tracking_pb.ts";
import { setQuery } from "../app/address.ts";
import { COLUMN_PIXELS, columnWindow, WHOLE_COLUMNS } from "../text/column_window.ts";
import { count } from "../text/numbers.ts";
import { SeriesSample } from "./series_sample.tsx";
import { Name } from "./words.tsx";

export interface ComparedRow {
  key: string;
  label: ComponentChildren;
  cell: (run: Run, index: number) => ComponentChildren;
  style: "number" | "mono";
}

/** More rows than this are shown when asked for. */
const MOST_ROWS = 100;

/** A box less wide than this is on a phone: names of rows take less of it, and no column is held. */
const PHONE_PIXELS = 600;

/** How far the box is scrolled to the side, and how much of it shows. */
function useSideways() {
  const box = useRef<HTMLDivElement>(null);
  const [view, setView] = useState({ left: 0, pixels: 1_200 });
  useLayoutEffect(() => {
    const element = box.current;
    if (element === null) return undefined;
    const look = () => setView({ left: element.scrollLeft, pixels: element.clientWidth });
    const observer = new ResizeObserver(look);
    observer.observe(element);
    element.addEventListener("scroll", look, { passive: true });
    return () => {
      observer.disconnect();
      element.removeEventListener("scroll", look);
    };
  }, []);
  return { box, ...view };
}

export function ComparedTable({
  of,
  runs,
  rows,
}: {
  of: string;
  runs: Run[];
  rows: ComparedRow[];
}) {
  const { box, left, pixels } = useSideways();
  const [whole, setWhole] = useState(false);
  const [baseline, ...others] = runs;
  if (baseline === undefined) return null;
  const { first, end, before, after } = columnWindow(others.length, left, pixels);
  const inView = others.slice(first, end).map((run, at) => ({ run, index: first + at + 1 }));
  const shown = [{ run: baseline, index: 0 }, ...inView];
  const listed = whole ? rows : rows.slice(0, MOST_ROWS);
  const rooms = others.length > WHOLE_COLUMNS;
  const label = pixels < PHONE_PIXELS ? 120 : 220;
  return (
    <>
      <div class="scroll-x" ref={box} tabIndex={0} role="group" aria-label={`${of}s of the runs`}>
        <table
          class={rooms ? "compared wide" : "compared"}
          aria-colcount={runs.length + 1}
          style={rooms ? { width: `${label + COLUMN_PIXELS * runs.length}px` } : undefined}
        >
          {rooms && (
            <colgroup>
              <col style={{ width: `${label}px` }} />
              <col style={{ width: `${COLUMN_PIXELS}px` }} />
              <col style={{ width: `${before}px` }} />
              {inView.map(({ run }) => (
                <col key={run.name} style={{ width: `${COLUMN_PIXELS}px` }} />
              ))}
              <col style={{ width: `${after}px` }} />
            </colgroup>
          )}
          <thead>
            <tr>
              <th scope="col">{of}</th>
              {withRooms(
                rooms,
                shown.map(({ run, index }) => <Head key={run.name} runs={runs} index={index} />),
              )}
            </tr>
          </thead>
          <tbody>
            {listed.map(({ key, label, cell, style }) => (
              <tr key={key}>
                <th scope="row" class="quiet">
                  {label}
                </th>
                {withRooms(
                  rooms,
                  shown.map(({ run, index }) => (
                    <td key={run.name} class={style} aria-colindex={index + 2}>
                      {cell(run, index)}
                    </td>
                  )),
                )}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {listed.length < rows.length && (
        <button type="button" class="link" onClick={() => setWhole(true)}>
          {count(rows.length - listed.length)} more
        </button>
      )}
    </>
  );
}

/** The baseline, the room before what is in view, that, and the room behind it. */
function withRooms(rooms: boolean, cells: ComponentChildren[]): ComponentChildren[] {
  if (!rooms) return cells;
  const [baseline, ...others] = cells;
  return [
    baseline,
    <td key="before" class="room" aria-hidden="true" />,
    ...others,
    <td key="after" class="room" aria-hidden="true" />,
  ];
}

/** A run over its column; a click makes it the baseline. */
function Head({ runs, index }: { runs: Run[]; index: number }) {
  const run = runs[index];
  if (run === undefined) return null;
  const makeFirst = () =>
    setQuery({
      runs: [run, ...runs.filter((other) => other !== run)].map(({ name }) => name).join(","),
    });
  return (
    <th scope="col" aria-colindex={index + 2}>
      <SeriesSample rank={index} />
      <Name name={run.name}>{run.displayName || run.uid}</Name>
      <br />
      {index === 0 ? (
        <span>baseline</span>
      ) : (
        <button type="button" class="link" onClick={makeFirst}>
          as baseline
        </button>
      )}
    </th>
  );
}

// The runs a reader asks for: how many there are, and the pages of them that are looked at.
import { useEffect, useRef, useState } from "preact/hooks";
import type { Run } from "../../gen/cairn/v1/tracking_pb.ts";
import {
  leadingRows,
  missingPages,
  PAGE_ROWS,
  pagesOf,
  rowAt,
  withRows,
} from "../text/row_pages.ts";
import { pathsOf } from "../text/run_calls.ts";
import type { PageRange, RowPages } from "../text/row_pages.ts";
import { failureOf, type Failure } from "./calls.ts";
import { tracking } from "./services/tracking.ts";
import { onChange } from "./live.ts";

export interface Found {
  total: number;
  row: (index: number) => Run | undefined; // undefined: not read yet
  leading: Run[]; // the first ones, as far as they were read
}

export interface Search {
  found: Found | undefined;
  failure: Failure | undefined;
  fresh: number; // runs created since, which wait for the reader
  look: (first: number, end: number) => void; // reads what is in view
  again: () => void;
}

export interface Wish {
  parent: string;
  filter: string;
  orderBy: string;
  fields: string[] | undefined; // to read of each run; undefined: not known yet, nothing is read
}

function readPages({ parent, filter, orderBy, fields = [] }: Wish, { first, end }: PageRange) {
  return tracking.searchRuns({
    parents: [parent],
    filter,
    orderBy,
    pageSize: (end - first) * PAGE_ROWS,
    skip: BigInt(first * PAGE_ROWS),
    countAll: true,
    readMask: { paths: pathsOf(fields) },
  });
}

/** The runs of `parent` that `filter` lets through, in the order asked for. */
export function useSearch(wish: Wish): Search {
  const { parent, filter, orderBy, fields } = wish;
  const [rows, setRows] = useState<RowPages<Run>>();
  const [failure, setFailure] = useState<Failure>();
  const [fresh, setFresh] = useState(0);
  const [turn, setTurn] = useState(0);
  const asked = fields && JSON.stringify([parent, filter, orderBy, fields, turn]);
  const view = useRef({ asked, first: 0, end: 1, reading: false });

  const read = (before: RowPages<Run> | undefined, pages: PageRange) => {
    view.current.reading = true;
    readPages(wish, pages)
      .then((answer) => {
        if (view.current.asked !== asked) return;
        const total = Number(answer.totalSize);
        const known = before ?? { total, pages: new Map() };
        const next = withRows(known, pages.first, answer.runs, total);
        setRows(next);
        setFailure(undefined);
        readMissing(next);
      })
      .catch((error: unknown) => {
        if (view.current.asked !== asked) return;
        view.current.reading = false;
        setFailure(failureOf(error));
      });
  };
  // One call at a time, always for what is in view now: a bar that is dragged far leaves no queue.
  const readMissing = (known: RowPages<Run>) => {
    const pages = missingPages(known, view.current.first, view.current.end);
    if (pages === undefined) view.current.reading = false;
    else read(known, pages);
  };
  useEffect(() => {
    view.current = { ...view.current, asked };
    if (asked === undefined) return;
    setFresh(0);
    read(undefined, pagesOf(view.current.first, view.current.first + 1));
  }, [asked]);
  useEffect(
    () =>
      onChange(({ kind, resource }) => {
        if (kind === "RUN_CREATED" && resource.startsWith(`${parent}/`)) setFresh((n) => n + 1);
      }),
    [parent],
  );
  const look = (first: number, end: number) => {
    view.current = { ...view.current, first, end };
    if (rows !== undefined && !view.current.reading) readMissing(rows);
  };
  const found = rows && {
    total: rows.total,
    row: (index: number) => rowAt(rows, index),
    leading: leadingRows(rows),
  };
  return { found, failure, fresh, look, again: () => setTurn(turn + 1) };
}

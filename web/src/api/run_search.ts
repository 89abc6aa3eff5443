// The runs a reader asks for, read page after page as they are looked at.
import { useEffect, useRef, useState } from "preact/hooks";
import type { Run } from "../../gen/cairn/v1/tracking_pb.ts";
import { failureOf, tracking, type Failure } from "./calls.ts";
import { onChange } from "./live.ts";

const PAGE_ROWS = 500;

export interface Found {
  runs: Run[];
  total: number;
  nextPageToken: string;
}

export interface Search {
  found: Found | undefined;
  failure: Failure | undefined;
  fresh: number; // runs created since, which wait for the reader
  more: () => void;
  again: () => void;
}

/** The runs of `parent` that `filter` lets through, in the order asked for. */
export function useSearch(parent: string, filter: string, orderBy: string): Search {
  const [found, setFound] = useState<Found>();
  const [failure, setFailure] = useState<Failure>();
  const [fresh, setFresh] = useState(0);
  const [turn, setTurn] = useState(0);
  const reading = useRef(false);
  useEffect(() => {
    let left = false;
    reading.current = true;
    const read = async () => {
      const request = { parents: [parent], filter };
      const [page, whole] = await Promise.all([
        tracking.searchRuns({ ...request, orderBy, pageSize: PAGE_ROWS }),
        tracking.countRuns(request),
      ]);
      if (left) return;
      setFound({
        runs: page.runs,
        total: Number(whole.runCount),
        nextPageToken: page.nextPageToken,
      });
      setFailure(undefined);
      setFresh(0);
    };
    read()
      .catch((error: unknown) => left || setFailure(failureOf(error)))
      .finally(() => (reading.current = false));
    return () => (left = true);
  }, [parent, filter, orderBy, turn]);
  useEffect(
    () =>
      onChange(({ kind, resource }) => {
        if (kind === "RUN_CREATED" && resource.startsWith(`${parent}/`)) setFresh((n) => n + 1);
      }),
    [parent],
  );
  const more = () => {
    if (found === undefined || found.nextPageToken === "" || reading.current) return;
    reading.current = true;
    tracking
      .searchRuns({
        parents: [parent],
        filter,
        orderBy,
        pageSize: PAGE_ROWS,
        pageToken: found.nextPageToken,
      })
      .then(({ runs, nextPageToken }) =>
        setFound({ ...found, runs: [...found.runs, ...runs], nextPageToken }),
      )
      .catch((error: unknown) => setFailure(failureOf(error)))
      .finally(() => (reading.current = false));
  };
  return { found, failure, fresh, more, again: () => setTurn(turn + 1) };
}

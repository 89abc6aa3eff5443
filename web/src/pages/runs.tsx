// The runs of an experiment: how many there are, which the reader asks for, in one table.
import { useEffect, useRef, useState } from "preact/hooks";
import type { Run } from "../../gen/cairn/v1/tracking_pb.ts";
import { failureOf, tracking, type Failure } from "../api/calls.ts";
import { onChange } from "../api/live.ts";
import { useQuery } from "../api/queries.ts";
import { go, query, setQuery } from "../app/address.ts";
import { addKeys } from "../app/keys.ts";
import type { PageOfResource } from "../app/routes.tsx";
import { Grid, type GridColumn } from "../parts/grid.tsx";
import { Page } from "../parts/page.tsx";
import { RunState } from "../parts/run_state.tsx";
import { Empty, Failed, Waiting } from "../parts/state.tsx";
import { Name, Value, When } from "../parts/words.tsx";
import { searchCommand } from "../text/commands.ts";
import { pageOf } from "../text/names.ts";
import { count } from "../text/numbers.ts";
import { keyOf, nextOrder, telling } from "../text/run_columns.ts";
import { duration, millis } from "../text/times.ts";

const PAGE_ROWS = 500;

interface Found {
  runs: Run[];
  total: number;
  nextPageToken: string;
}

interface Search {
  found: Found | undefined;
  failure: Failure | undefined;
  fresh: number; // runs created since, which wait for the reader
  more: () => void;
  again: () => void;
}

/** The runs of `parent` that `filter` lets through, read page after page as they are looked at. */
function useSearch(parent: string, filter: string, orderBy: string): Search {
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

function took(run: Run): string {
  const begin = millis(run.startTime);
  const end = millis(run.endTime);
  return begin === undefined || end === undefined ? "–" : duration(end - begin);
}

function columnsOf(
  fields: string[],
  chosen: ReadonlySet<string>,
  choose: (run: string) => void,
): GridColumn<Run>[] {
  const own: GridColumn<Run>[] = [
    {
      key: "chosen",
      head: "✓",
      width: 36,
      cell: ({ name, displayName }) => (
        <input
          type="checkbox"
          aria-label={`compare ${displayName}`}
          checked={chosen.has(name)}
          onChange={() => choose(name)}
        />
      ),
    },
    {
      key: "display_name",
      head: "run",
      width: 220,
      grow: 2,
      sortable: true,
      cell: (run) => <Name name={run.name}>{run.displayName || run.uid}</Name>,
    },
    {
      key: "state",
      head: "state",
      width: 124,
      cell: ({ state }) => <RunState state={state} />,
    },
    {
      key: "start_time",
      head: "started",
      width: 110,
      sortable: true,
      cell: ({ startTime }) => <When at={startTime} />,
    },
    { key: "duration", head: "took", width: 90, number: true, sortable: true, cell: took },
  ];
  return [...own, ...fields.map(fieldColumn)];
}

function fieldColumn(name: string): GridColumn<Run> {
  const key = keyOf(name);
  const column = { key: name, head: key, width: 110, grow: 1, number: true, sortable: true };
  if (name.startsWith("params.")) return { ...column, cell: ({ params }) => params[key] ?? "–" };
  return {
    ...column,
    cell: ({ metrics }) => (
      <Value value={metrics.find((metric) => metric.key === key)?.latest?.value} />
    ),
  };
}

export function RunsPage({ name }: PageOfResource) {
  const filter = query.value.get("q") ?? "";
  const orderBy = query.value.get("order") ?? "";
  const experiment = useQuery(name, () => tracking.getExperiment({ name }));
  const search = useSearch(name, filter, orderBy);
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set());
  const [cursor, setCursor] = useState<number>();
  const { found } = search;
  const choose = (run: string) => {
    const next = new Set(chosen);
    if (!next.delete(run)) next.add(run);
    setChosen(next);
  };
  const compare = () => go(`/compare?runs=${[...chosen].map(encodeURIComponent).join(",")}`);
  useRunKeys(found?.runs ?? [], cursor, setCursor, choose, compare);
  const title = experiment.data?.displayName ?? name;
  const [key = "", direction] = orderBy.split(" ");
  return (
    <Page
      title={title}
      crumbs={[{ label: "Runs", name: "experiments" }]}
      mlctl={searchCommand(name, filter, orderBy)}
      json={found?.runs}
      actions={
        <button type="button" class="button acts" disabled={chosen.size < 2} onClick={compare}>
          Compare {chosen.size > 0 ? chosen.size : ""}
        </button>
      }
    >
      <div class="row panel">
        <FilterField filter={filter} />
        {found !== undefined && <span>{count(found.total)} runs</span>}
        {search.fresh > 0 && (
          <button type="button" class="button" onClick={search.again}>
            {count(search.fresh)} new
          </button>
        )}
      </div>
      {search.failure !== undefined && <Failed failure={search.failure} retry={search.again} />}
      {found === undefined && search.failure === undefined && <Waiting rows={20} />}
      {found !== undefined && found.total === 0 && <NoRuns filtered={filter !== ""} name={name} />}
      {found !== undefined && found.total > 0 && (
        <Grid
          label={`Runs of ${title}`}
          height="calc(100vh - 170px)"
          columns={columnsOf(telling(found.runs), chosen, choose)}
          total={found.total}
          row={(index) => found.runs[index]}
          rowKey={(run) => run.name}
          onWindow={(_, end) => end > found.runs.length - 50 && search.more()}
          order={{ key, descending: direction === "desc" }}
          onOrder={(column) => setQuery({ order: nextOrder(orderBy, column) })}
          {...(cursor === undefined ? {} : { cursor })}
        />
      )}
    </Page>
  );
}

function NoRuns({ filtered, name }: { filtered: boolean; name: string }) {
  if (filtered) return <Empty what="No run is as the filter asks." />;
  return (
    <Empty
      what="This experiment has no runs yet."
      command={`cairn-pipeline run --data FILE --server ${location.hostname}:50051\nmlctl run --experiment ${name} -- python train.py`}
    />
  );
}

function FilterField({ filter }: { filter: string }) {
  const [text, setText] = useState(filter);
  const field = useRef<HTMLInputElement>(null);
  useEffect(() => setText(filter), [filter]);
  useEffect(
    () => addKeys([{ keys: "/", does: "filter the runs", run: () => field.current?.focus() }]),
    [],
  );
  return (
    <form
      class="row"
      style={{ flex: "1 1 320px" }}
      onSubmit={(event) => {
        event.preventDefault();
        setQuery({ q: text.trim() });
      }}
    >
      <input
        ref={field}
        class="field mono"
        style={{ flex: 1 }}
        type="search"
        aria-label="Filter"
        placeholder="metrics.silhouette > 0.24 AND params.k = 3"
        value={text}
        onInput={(event) => setText(event.currentTarget.value)}
      />
      <button type="submit" class="button">
        Filter
      </button>
    </form>
  );
}

function useRunKeys(
  runs: Run[],
  cursor: number | undefined,
  setCursor: (index: number) => void,
  choose: (run: string) => void,
  compare: () => void,
) {
  useEffect(() => {
    const here = cursor === undefined ? undefined : runs[cursor];
    const step = (by: number) =>
      setCursor(Math.min(Math.max((cursor ?? -1) + by, 0), Math.max(runs.length - 1, 0)));
    return addKeys([
      { keys: "j", does: "next run", run: () => step(1) },
      { keys: "k", does: "previous run", run: () => step(-1) },
      { keys: "x", does: "choose the run", run: () => here && choose(here.name) },
      { keys: "Enter", does: "open the run", run: () => here && go(pageOf(here.name)) },
      { keys: "c", does: "compare the chosen runs", run: compare },
    ]);
  });
}

// The runs of an experiment: how many there are, which the reader asks for, in one table.
import { useEffect, useState } from "preact/hooks";
import type { Run } from "../../gen/cairn/v1/tracking_pb.ts";
import { tracking } from "../api/calls.ts";
import { useQuery } from "../api/queries.ts";
import { useSearch, type Found, type Search } from "../api/run_search.ts";
import { go, query, setQuery } from "../app/address.ts";
import { addKeys } from "../app/keys.ts";
import type { PageOfResource } from "../app/routes.tsx";
import { FieldChoice } from "../parts/field_choice.tsx";
import { Grid } from "../parts/grid.tsx";
import { Page } from "../parts/page.tsx";
import { ColumnChooser, columnsOf } from "../parts/run_columns.tsx";
import { FilterField, isOfFilter } from "../parts/run_filter.tsx";
import { ScatterChart } from "../parts/scatter.tsx";
import { Empty, Failed, Waiting } from "../parts/state.tsx";
import { searchCommand } from "../text/commands.ts";
import { pageOf } from "../text/names.ts";
import { count } from "../text/numbers.ts";
import { nextOrder, telling } from "../text/run_columns.ts";
import { differing, fieldOf, fieldsOf, listed } from "../text/run_fields.ts";

/** As many points as a strip of this height can hold apart, and a page can hold elements. */
const MOST_POINTS = 600;
const CHROME = 170; // pixels above the table
const STRIP = 250; // and those of the chart

export function RunsPage({ name }: PageOfResource) {
  const filter = query.value.get("q") ?? "";
  const orderBy = query.value.get("order") ?? "";
  const experiment = useQuery(name, () => tracking.getExperiment({ name }));
  const search = useSearch(name, filter, orderBy);
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set());
  const [choosing, setChoosing] = useState(false);
  const { found, failure } = search;
  const compare = () => go(`/compare?runs=${[...chosen].map(encodeURIComponent).join(",")}`);
  const title = experiment.data?.displayName ?? name;
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
      <div class="row panel finder">
        <FilterField filter={filter} {...(failure && { failure })} />
        <Tools search={search} choosing={choosing} setChoosing={setChoosing} />
      </div>
      {failure !== undefined && !isOfFilter(failure) && (
        <Failed failure={failure} retry={search.again} />
      )}
      {found === undefined && failure === undefined && <Waiting rows={20} />}
      {found !== undefined && found.total === 0 && <NoRuns filtered={filter !== ""} name={name} />}
      {found !== undefined && found.total > 0 && (
        <div class={failure === undefined ? undefined : "stale"}>
          <FoundRuns
            title={title}
            search={search}
            found={found}
            orderBy={orderBy}
            choosing={choosing}
            chosen={chosen}
            setChosen={setChosen}
            compare={compare}
          />
        </div>
      )}
    </Page>
  );
}

function Tools(props: {
  search: Search;
  choosing: boolean;
  setChoosing: (shown: boolean) => void;
}) {
  const { search, choosing, setChoosing } = props;
  const { found, fresh, again } = search;
  const charted = query.value.has("y");
  const chart = () => setQuery(charted ? { x: "", y: "" } : axesOf(found?.runs ?? []));
  useEffect(() =>
    addKeys([
      { keys: "o", does: "choose columns", run: () => setChoosing(!choosing) },
      { keys: "s", does: "chart above the table", run: chart },
    ]),
  );
  return (
    <>
      <button
        type="button"
        class="button"
        aria-expanded={choosing}
        onClick={() => setChoosing(!choosing)}
      >
        Columns
      </button>
      <button type="button" class="button" aria-pressed={charted} onClick={chart}>
        Chart
      </button>
      {found !== undefined && <span>{count(found.total)} runs</span>}
      {fresh > 0 && (
        <button type="button" class="button" onClick={again}>
          {count(fresh)} new
        </button>
      )}
    </>
  );
}

/** What a chart begins with: the metric people ask for first over the param that varies most. */
function axesOf(runs: Run[]): { x: string; y: string } {
  const fields = telling(runs);
  const of = (kind: string) => fields.find((field) => field.startsWith(kind)) ?? "";
  return { x: of("params.") || of("metrics."), y: of("metrics.") };
}

interface FoundProps {
  title: string;
  search: Search;
  found: Found;
  orderBy: string;
  choosing: boolean;
  chosen: ReadonlySet<string>;
  setChosen: (chosen: ReadonlySet<string>) => void;
  compare: () => void;
}

function FoundRuns(props: FoundProps) {
  const { title, search, found, orderBy, choosing, chosen, setChosen, compare } = props;
  const { runs } = found;
  const [cursor, setCursor] = useState<number>();
  const choose = (run: string) => {
    const next = new Set(chosen);
    if (!next.delete(run)) next.add(run);
    setChosen(next);
  };
  useRunKeys(runs, cursor, setCursor, choose, compare);
  const pinned = query.value.get("columns") ?? "";
  const differ = query.value.get("differ") === "1";
  const wished = pinned === "" ? telling(runs) : listed(pinned === "none" ? "" : pinned);
  const fields = differ ? differing(runs, wished) : wished;
  const charted = query.value.has("y");
  const [key, direction] = splitOrder(orderBy);
  const rankOf = charted ? (run: Run) => runs.indexOf(run) : undefined;
  return (
    <>
      {choosing && (
        <ColumnChooser runs={runs} shown={wished} pinned={pinned !== ""} differ={differ} />
      )}
      {charted && <Strip found={found} cursor={cursor} onChoose={setCursor} />}
      {wished.length > fields.length && (
        <p class="row quiet">
          {count(wished.length - fields.length)} columns left out: the same in all runs read so far
          <button type="button" class="link" onClick={() => setQuery({ differ: "" })}>
            show them
          </button>
        </p>
      )}
      <Grid
        label={`Runs of ${title}`}
        height={`max(calc(100vh - ${CHROME + (charted ? STRIP : 0)}px), 240px)`}
        columns={columnsOf({ fields, chosen, choose, rankOf })}
        total={found.total}
        row={(index) => runs[index]}
        rowKey={(run) => run.name}
        onWindow={(_, end) => end > runs.length - 50 && search.more()}
        order={{ key, descending: direction === "desc" }}
        onOrder={(column) => setQuery({ order: nextOrder(orderBy, column) })}
        {...(cursor === undefined ? {} : { cursor })}
      />
    </>
  );
}

/** The key and the direction; keys in backquotes may have blanks. */
function splitOrder(orderBy: string): [key: string, direction: string] {
  const descending = orderBy.endsWith(" desc");
  return descending ? [orderBy.slice(0, -5), "desc"] : [orderBy, ""];
}

/** A metric of the loaded runs over a param, above the table that stays as it is. */
function Strip(props: {
  found: Found;
  cursor: number | undefined;
  onChoose: (index: number) => void;
}) {
  const { found, cursor, onChoose } = props;
  const fields = fieldsOf(found.runs);
  const x = query.value.get("x") ?? "";
  const y = query.value.get("y") ?? "";
  const points = found.runs.slice(0, MOST_POINTS).map((run) => ({
    name: run.displayName || run.uid,
    x: fieldOf(run, x),
    y: fieldOf(run, y),
  }));
  return (
    <div class="panel">
      <div class="row">
        <FieldChoice
          label="metric"
          fields={fields.filter((field) => field.startsWith("metrics."))}
          value={y}
          onChoose={(chosen) => setQuery({ y: chosen })}
        />
        <FieldChoice
          label="over"
          fields={fields}
          value={x}
          onChoose={(chosen) => setQuery({ x: chosen })}
        />
        {found.total > points.length && (
          <span class="quiet">
            {count(points.length)} of {count(found.total)} runs, the first in this order
          </span>
        )}
      </div>
      <ScatterChart
        label={`${y} over ${x}`}
        points={points}
        x={x}
        y={y}
        onChoose={onChoose}
        {...(cursor === undefined ? {} : { chosen: cursor })}
      />
    </div>
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

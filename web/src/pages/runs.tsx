// The runs of an experiment: how many there are, which the reader asks for, in one table.
import { useEffect, useMemo, useState } from "preact/hooks";
import type { Run } from "../../gen/cairn/v1/tracking_pb.ts";
import { tracking } from "../api/services/tracking.ts";
import { useQuery } from "../api/queries.ts";
import { useSearch, type Found, type Search } from "../api/run_search.ts";
import { go, query, setQuery } from "../app/address.ts";
import { addKeys } from "../app/keys.ts";
import type { PageOfResource } from "../app/resource.ts";
import { Grid } from "../parts/grid.tsx";
import { Page } from "../parts/page.tsx";
import { useFates } from "../parts/past.tsx";
import { ColumnChooser, columnsOf } from "../parts/run_columns.tsx";
import { useColumns, type Columns } from "../parts/told_columns.ts";
import { RunStrip } from "../parts/run_strip.tsx";
import { FilterField, isOfFilter } from "../parts/run_filter.tsx";
import { GroupChoice, RunGroups } from "../parts/run_groups.tsx";
import { Empty, Failed, Waiting } from "../parts/state.tsx";
import { Views } from "../parts/views.tsx";
import { searchCommand } from "../text/commands.ts";
import { pageOf } from "../text/names.ts";
import { count } from "../text/numbers.ts";
import { differingFields, nextOrder, splitOrder } from "../text/run_columns.ts";
import { listed } from "../text/run_fields.ts";
import { refOf, refsIn } from "../text/run_refs.ts";
import { PALETTE } from "../text/series.ts";

const CHROME = 142; // pixels above the table
const STRIP = 250; // and those of the chart

export function RunsPage({ name }: PageOfResource) {
  const filter = query.value.get("q") ?? "";
  const orderBy = query.value.get("order") ?? "";
  const experiment = useQuery(name, () => tracking.getExperiment({ name }));
  const columns = useColumns(name, filter);
  const search = useSearch({ parent: name, filter, orderBy, fields: columns.read });
  const chosen: ReadonlySet<string> = new Set(refsIn(query.value.get("chosen") ?? ""));
  const [choosing, setChoosing] = useState(false);
  const { found } = search;
  const failure = columns.failure ?? search.failure;
  const compare = () => {
    if (chosen.size > 1) go(`/compare?runs=${[...chosen].join(",")}`);
  };
  const title = experiment.data?.displayName ?? name;
  return (
    <Page
      title={title}
      crumbs={[{ label: "Runs", name: "experiments" }]}
      mlctl={searchCommand(name, filter, orderBy)}
      json={found?.leading}
      since={[name]}
      actions={
        <>
          <Views experiment={name} />
          <button type="button" class="button acts" disabled={chosen.size < 2} onClick={compare}>
            Compare {chosen.size > 0 ? chosen.size : ""}
          </button>
        </>
      }
    >
      <div class="row panel finder">
        <FilterField filter={filter} {...(failure && { failure })} />
        <Tools search={search} columns={columns} choosing={choosing} setChoosing={setChoosing} />
      </div>
      {failure !== undefined && !isOfFilter(failure) && (
        <Failed failure={failure} retry={search.again} />
      )}
      {found === undefined && failure === undefined && <Waiting rows={20} />}
      {found !== undefined && found.total === 0 && <NoRuns filtered={filter !== ""} name={name} />}
      {found !== undefined && found.total > 0 && (
        <div class={failure === undefined ? undefined : "stale"}>
          <FoundRuns
            name={name}
            title={title}
            search={search}
            found={found}
            columns={columns}
            choosing={choosing}
            chosen={chosen}
            compare={compare}
          />
        </div>
      )}
    </Page>
  );
}

function Tools(props: {
  search: Search;
  columns: Columns;
  choosing: boolean;
  setChoosing: (shown: boolean) => void;
}) {
  const { search, columns, choosing, setChoosing } = props;
  const { found, fresh } = search;
  const charted = query.value.has("y");
  const chart = () => setQuery(charted ? { x: "", y: "" } : columns.axes);
  const again = () => {
    columns.again();
    search.again();
  };
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
      <GroupChoice fields={columns.known} />
      {found !== undefined && <span>{count(found.total)} runs</span>}
      {fresh > 0 && (
        <button type="button" class="button" onClick={again}>
          {count(fresh)} new
        </button>
      )}
    </>
  );
}

interface FoundProps {
  name: string;
  title: string;
  search: Search;
  found: Found;
  columns: Columns;
  choosing: boolean;
  chosen: ReadonlySet<string>;
  compare: () => void;
}

function FoundRuns(props: FoundProps) {
  const { name, title, search, found, columns, choosing, chosen, compare } = props;
  const { known, wished } = columns;
  const [cursor, setCursor] = useState<number>();
  const choose = (run: string) => {
    const next = new Set(chosen);
    const ref = refOf(run);
    if (!next.delete(ref)) next.add(ref);
    setQuery({ chosen: [...next].join(",") });
  };
  useRunKeys(found, cursor, setCursor, choose, compare);
  const differ = query.value.get("differ") === "1";
  const fields = differ ? differingFields(wished, known, found.total) : wished;
  const charted = query.value.has("y");
  const group = query.value.get("group") ?? "";
  const orderBy = query.value.get("order") ?? "";
  const first = charted ? found.leading.slice(0, PALETTE) : [];
  const place = new Map(first.map((run, at) => [run.name, at]));
  const rankOf = charted ? (run: Run) => place.get(run.name) ?? PALETTE : undefined;
  const ranks = first.map(({ name: run }) => run).join();
  const since = useFates([name]);
  const columnsShown = useMemo(
    () => columnsOf({ fields, chosen, choose, rankOf, since }),
    [name, fields.join(), [...chosen].join(), ranks, since],
  );
  const height = `max(calc(100vh - ${CHROME + (charted ? STRIP : 0)}px), 240px)`;
  return (
    <>
      {choosing && (
        <ColumnChooser
          experiment={name}
          shown={wished}
          total={columns.total}
          pinned={query.value.has("columns")}
          differ={differ}
        />
      )}
      {charted && <RunStrip name={name} total={found.total} known={known} onChoose={setCursor} />}
      {wished.length > fields.length && (
        <p class="row quiet">
          {count(wished.length - fields.length)} columns left out: the same in all runs
          <button type="button" class="link" onClick={() => setQuery({ differ: "" })}>
            show them
          </button>
        </p>
      )}
      {group === "" ? (
        <Grid
          label={`Runs of ${title}`}
          height={height}
          columns={columnsShown}
          total={found.total}
          row={found.row}
          onWindow={search.look}
          order={splitOrder(orderBy)}
          onOrder={(column) => setQuery({ order: nextOrder(orderBy, column) })}
          {...(cursor === undefined ? {} : { cursor })}
        />
      ) : (
        <RunGroups experiment={name} by={listed(group)} fields={fields} height={height} />
      )}
    </>
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
  found: Found,
  cursor: number | undefined,
  setCursor: (index: number) => void,
  choose: (run: string) => void,
  compare: () => void,
) {
  useEffect(() => {
    const here = cursor === undefined ? undefined : found.row(cursor);
    const step = (by: number) =>
      setCursor(Math.min(Math.max((cursor ?? -1) + by, 0), Math.max(found.total - 1, 0)));
    return addKeys([
      { keys: "j", does: "next run", run: () => step(1) },
      { keys: "k", does: "previous run", run: () => step(-1) },
      { keys: "x", does: "choose the run", run: () => here && choose(here.name) },
      { keys: "Enter", does: "open the run", run: () => here && go(pageOf(here.name)) },
      { keys: "c", does: "compare the chosen runs", run: compare },
    ]);
  });
}

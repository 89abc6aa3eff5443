// The columns of a table of runs, and how a reader chooses them.
import { useState } from "preact/hooks";
import type { Run } from "../../gen/cairn/v1/tracking_pb.ts";
import { useNewest, useQuery } from "../api/queries.ts";
import { findFields } from "../api/run_fields.ts";
import { query, setQuery } from "../app/address.ts";
import { count } from "../text/numbers.ts";
import { keyOf, type FieldCount } from "../text/run_columns.ts";
import { fieldOf } from "../text/run_fields.ts";
import { refOf } from "../text/run_refs.ts";
import { PALETTE } from "../text/series.ts";
import { duration, millis } from "../text/times.ts";
import type { GridColumn } from "./grid.tsx";
import { RankMark } from "./rank_mark.tsx";
import { RunState } from "./run_state.tsx";
import { Loaded } from "./state.tsx";
import type { Fate } from "../text/since.ts";
import { Name, Value, When } from "./words.tsx";

/** More names than this are not listed at once: they are looked for by a part of them. */
const MOST_LISTED = 60;

function took(run: Run): string {
  const begin = millis(run.startTime);
  const end = millis(run.endTime);
  return begin === undefined || end === undefined ? "–" : duration(end - begin);
}

export interface RowsLook {
  fields: string[];
  chosen: ReadonlySet<string>; // short names, see text/run_refs.ts
  choose: (run: string) => void;
  rankOf: ((run: Run) => number) | undefined; // the place in the chart above the table
  since: ReadonlyMap<string, Fate>; // what became of runs since the revision of the address
}

export function columnsOf({ fields, chosen, choose, rankOf, since }: RowsLook): GridColumn<Run>[] {
  const own: GridColumn<Run>[] = [
    {
      key: "chosen",
      head: "✓",
      width: 36,
      cell: ({ name, displayName }) => (
        <input
          type="checkbox"
          aria-label={`compare ${displayName}`}
          checked={chosen.has(refOf(name))}
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
      cell: (run) => {
        const rank = rankOf?.(run) ?? PALETTE;
        return (
          <>
            {rank < PALETTE && <RankMark rank={rank} />}
            {since.has(run.name) && <span class="since quiet">{since.get(run.name)} since · </span>}
            <Name name={run.name}>
              <>{run.displayName || run.uid}</>
            </Name>
          </>
        );
      },
    },
    { key: "state", head: "state", width: 124, cell: ({ state }) => <RunState state={state} /> },
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
  const column = { key: name, head: keyOf(name), width: 110, grow: 1, number: true };
  const cell = (run: Run) => {
    const value = fieldOf(run, name);
    return typeof value === "string" ? <span title={value}>{value}</span> : <Value value={value} />;
  };
  return { ...column, sortable: true, cell };
}

export interface ChooserProps {
  experiment: string;
  total: number; // fields that there are
  shown: string[]; // the fields that are columns now
  pinned: boolean; // by the address, not by what the runs have
  differ: boolean;
}

/**
 * Which fields are columns: any that the filtered runs have, found by a part of their name on the
 * server. What is chosen stands in the address.
 */
export function ColumnChooser({ experiment, total, shown, pinned, differ }: ChooserProps) {
  const [wanted, setWanted] = useState("");
  const filter = query.value.get("q") ?? "";
  const key = `found fields ${JSON.stringify([experiment, filter, wanted])}`;
  const found = useQuery(key, () => findFields(experiment, filter, wanted, MOST_LISTED));
  const listedNow = useNewest(found.data);
  const toggle = (name: string) =>
    setQuery({
      columns: shown.includes(name)
        ? shown.filter((other) => other !== name).join(",") || "none"
        : [...shown, name].join(","),
    });
  return (
    <section class="panel chooser" aria-label="Columns">
      <div class="row">
        <input
          class="field"
          type="search"
          aria-label="Find a column"
          placeholder={`find among ${count(total || shown.length)} names`}
          value={wanted}
          onInput={({ currentTarget }) => setWanted(currentTarget.value.trim())}
        />
        <label class="row">
          <input
            type="checkbox"
            checked={differ}
            onChange={() => setQuery({ differ: differ ? "" : "1" })}
          />
          only columns that differ
        </label>
        <button
          type="button"
          class="button"
          disabled={!pinned}
          onClick={() => setQuery({ columns: "" })}
        >
          Those that tell the runs apart
        </button>
      </div>
      <Loaded query={{ ...found, data: listedNow }} rows={4}>
        {({ fields, total: matching }) => (
          <FieldList
            fields={wanted === "" ? withShown(fields, shown) : fields}
            more={matching - fields.length}
            shown={shown}
            toggle={toggle}
          />
        )}
      </Loaded>
    </section>
  );
}

/** Columns that are shown come first, also those that no run has any more. */
function withShown(fields: FieldCount[], shown: string[]): FieldCount[] {
  const known = new Map(fields.map((found) => [found.field, found]));
  const first = shown.map((field) => known.get(field) ?? { field, runs: 0, different: 0 });
  return [...first, ...fields.filter(({ field }) => !shown.includes(field))];
}

function FieldList(props: {
  fields: FieldCount[];
  more: number;
  shown: string[];
  toggle: (name: string) => void;
}) {
  const { fields, more, shown, toggle } = props;
  return (
    <>
      <ul>
        {fields.map(({ field, runs, different }) => (
          <li key={field}>
            <label title={runs > 0 ? `${count(runs)} runs, ${count(different)} values` : undefined}>
              <input
                type="checkbox"
                checked={shown.includes(field)}
                onChange={() => toggle(field)}
              />
              {field}
            </label>
          </li>
        ))}
      </ul>
      {fields.length === 0 && <p class="quiet">No field has this in its name.</p>}
      {more > 0 && <p class="quiet">{count(more)} more; a part of a name finds them.</p>}
    </>
  );
}

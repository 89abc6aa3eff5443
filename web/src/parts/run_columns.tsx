// The columns of a table of runs, and how a reader chooses them.
import { useState } from "preact/hooks";
import type { Run } from "../../gen/cairn/v1/tracking_pb.ts";
import { setQuery } from "../app/address.ts";
import { matches } from "../text/matching.ts";
import { count } from "../text/numbers.ts";
import { keyOf } from "../text/run_columns.ts";
import { fieldOf, fieldsOf } from "../text/run_fields.ts";
import { PALETTE } from "../text/series.ts";
import { duration, millis } from "../text/times.ts";
import type { GridColumn } from "./grid.tsx";
import { RankMark } from "./rank_mark.tsx";
import { RunState } from "./run_state.tsx";
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
  chosen: ReadonlySet<string>;
  choose: (run: string) => void;
  rankOf: ((run: Run) => number) | undefined; // the place in the chart above the table
}

export function columnsOf({ fields, chosen, choose, rankOf }: RowsLook): GridColumn<Run>[] {
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
      cell: (run) => {
        const rank = rankOf?.(run) ?? PALETTE;
        return (
          <>
            {rank < PALETTE && <RankMark rank={rank} />}
            <Name name={run.name}>{run.displayName || run.uid}</Name>
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
  runs: Run[];
  shown: string[]; // the fields that are columns now
  pinned: boolean; // by the address, not by what the runs have
  differ: boolean;
}

/** Which fields are columns: any that the loaded runs have. What is chosen stands in the address. */
export function ColumnChooser({ runs, shown, pinned, differ }: ChooserProps) {
  const [wanted, setWanted] = useState("");
  const known = [...new Set([...shown, ...fieldsOf(runs)])];
  const found = known.filter((name) => matches(name, wanted));
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
          placeholder={`find among ${count(known.length)} names`}
          value={wanted}
          onInput={({ currentTarget }) => setWanted(currentTarget.value)}
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
      <ul>
        {found.slice(0, MOST_LISTED).map((name) => (
          <li key={name}>
            <label>
              <input type="checkbox" checked={shown.includes(name)} onChange={() => toggle(name)} />
              {name}
            </label>
          </li>
        ))}
      </ul>
      {found.length > MOST_LISTED && (
        <p class="quiet">{count(found.length - MOST_LISTED)} more; a part of a name finds them.</p>
      )}
    </section>
  );
}

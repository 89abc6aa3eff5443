// Runs that agree in a field as one line: how many they are, and their metrics over all of them,
// whatever part of them is looked at.
import type { RunGroup, RunMeasure } from "../../gen/cairn/v1/tracking_pb.ts";
import { tracking } from "../api/services/tracking.ts";
import { useQuery } from "../api/queries.ts";
import { query, setQuery } from "../app/address.ts";
import { count, exact, measured } from "../text/numbers.ts";
import { filterOfGroup } from "../text/run_groups.ts";
import { keyOf, nextOrder, splitOrder, type FieldCount } from "../text/run_columns.ts";
import { Grid, type GridColumn } from "./grid.tsx";
import { Loaded } from "./state.tsx";

/** Fields of runs that are neither params nor tags, and that people group by. */
const OWN_FIELDS = ["state", "user", "dataset"];
const MOST_GROUPS = 1000;
const MOST_MEASURES = 20;

/** Which field the runs are grouped by; none shows them one by one. */
export function GroupChoice({ fields }: { fields: FieldCount[] }) {
  const value = query.value.get("group") ?? "";
  const names = [
    ...fields.map(({ field }) => field).filter((field) => !field.startsWith("metrics.")),
    ...OWN_FIELDS,
  ];
  const known = names.includes(value) || value === "" ? names : [value, ...names];
  return (
    <select
      class="field"
      aria-label="group the runs by"
      value={value}
      onChange={({ currentTarget }) => setQuery({ group: currentTarget.value, order: "" })}
    >
      <option value="">not grouped</option>
      {known.map((name) => (
        <option key={name} value={name}>
          by {keyOf(name)}
        </option>
      ))}
    </select>
  );
}

function valueColumn(field: string, at: number): GridColumn<RunGroup> {
  const cell = ({ values }: RunGroup) => {
    const value = values[at];
    if (value === undefined || value.missing) return <span class="quiet">none</span>;
    return <span title={value.text}>{value.text}</span>;
  };
  return { key: field, head: keyOf(field), width: 160, grow: 1, sortable: true, cell };
}

function measureColumn(field: string, at: number): GridColumn<RunGroup> {
  const cell = ({ measures, runCount }: RunGroup) => {
    const measure = measures[at];
    return measure === undefined ? "–" : <MeasureCell measure={measure} runs={runCount} />;
  };
  return {
    key: `mean(${field})`,
    head: keyOf(field),
    width: 220,
    grow: 2,
    number: true,
    sortable: true,
    cell,
  };
}

function MeasureCell({ measure, runs }: { measure: RunMeasure; runs: bigint }) {
  const { count: having, nonfiniteCount, mean, min, max } = measure;
  if (mean === undefined || min === undefined || max === undefined) return <>–</>;
  const some = having < runs ? `, of ${count(having)} runs` : "";
  const odd = nonfiniteCount > 0n ? `, ${count(nonfiniteCount)} not finite` : "";
  const whole = `mean ${exact(mean)}, from ${exact(min)} to ${exact(max)}${some}${odd}`;
  return (
    <span title={whole}>
      {measured(mean)}{" "}
      <span class="quiet">
        ({measured(min)} … {measured(max)})
      </span>
    </span>
  );
}

export function RunGroups(props: {
  experiment: string;
  by: string[];
  fields: string[]; // the columns of the table, of which metrics are summed up
  height: string;
}) {
  const { experiment, by, height } = props;
  const filter = query.value.get("q") ?? "";
  const orderBy = query.value.get("order") ?? "";
  const measures = props.fields.filter((f) => f.startsWith("metrics.")).slice(0, MOST_MEASURES);
  const request = { parents: [experiment], filter, groupBy: by, measures, orderBy };
  const groups = useQuery(`groups ${JSON.stringify(request)}`, () =>
    tracking.groupRuns({ ...request, pageSize: MOST_GROUPS }),
  );
  const columns: GridColumn<RunGroup>[] = [
    ...by.map(valueColumn),
    {
      key: "run_count",
      head: "runs",
      width: 90,
      number: true,
      sortable: true,
      cell: (group) => (
        <button
          type="button"
          class="link"
          title="show these runs"
          onClick={() => setQuery({ q: filterOfGroup(filter, by, group.values), group: "" })}
        >
          {count(group.runCount)}
        </button>
      ),
    },
    ...measures.map(measureColumn),
  ];
  return (
    <Loaded query={groups} rows={12}>
      {(found) => (
        <>
          <p class="quiet">
            {count(found.totalSize)} groups of {count(found.runCount)} runs
            {found.totalSize > BigInt(found.groups.length) &&
              `, of which the first ${count(found.groups.length)} are shown`}
            {measures.length > 0 && "; metrics are mean (min … max) over all runs of a group"}
          </p>
          <Grid
            label={`Groups by ${by.map(keyOf).join(", ")}`}
            height={`min(${height}, calc(var(--row) * ${found.groups.length + 1} + 18px))`}
            columns={columns}
            total={found.groups.length}
            row={(index) => found.groups[index]}
            order={splitOrder(orderBy)}
            onOrder={(column) => setQuery({ order: nextOrder(orderBy, column) })}
          />
        </>
      )}
    </Loaded>
  );
}

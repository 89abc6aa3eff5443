// A chart of runs above their table.
import { tracking } from "../api/services/tracking.ts";
import { useQuery } from "../api/queries.ts";
import { query, setQuery } from "../app/address.ts";
import { count } from "../text/numbers.ts";
import { maskOf, type FieldCount } from "../text/run_columns.ts";
import { fieldOf } from "../text/run_fields.ts";
import { FieldChoice } from "./field_choice.tsx";
import { ScatterChart } from "./scatter.tsx";
import { Loaded } from "./state.tsx";

/** As many points as a strip of this height can hold apart, and a page can hold elements. */
const MOST_POINTS = 600;

/** A metric of the first runs over a param, above the table that stays as it is. */
export function RunStrip(props: {
  name: string;
  total: number; // runs there are
  known: FieldCount[];
  onChoose: (index: number) => void;
}) {
  const { name, total, known, onChoose } = props;
  const fields = known.map(({ field }) => field);
  const x = query.value.get("x") ?? "";
  const y = query.value.get("y") ?? "";
  const filter = query.value.get("q") ?? "";
  const orderBy = query.value.get("order") ?? "";
  const shown = useQuery(`points ${JSON.stringify([name, filter, orderBy, x, y])}`, () =>
    tracking.searchRuns({
      parents: [name],
      filter,
      orderBy,
      pageSize: MOST_POINTS,
      readMask: { paths: ["display_name", "uid", ...[x, y].filter((f) => f !== "").map(maskOf)] },
    }),
  );
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
        {total > MOST_POINTS && (
          <span class="quiet">
            {count(MOST_POINTS)} of {count(total)} runs, the first in this order
          </span>
        )}
      </div>
      <Loaded query={shown} rows={7}>
        {({ runs }) => (
          <ScatterChart
            label={`${y} over ${x}`}
            points={runs.map((run) => ({
              name: run.displayName || run.uid,
              x: fieldOf(run, x),
              y: fieldOf(run, y),
            }))}
            x={x}
            y={y}
            onChoose={onChoose}
          />
        )}
      </Loaded>
    </div>
  );
}

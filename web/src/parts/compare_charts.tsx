// The charts of compared runs. What they show stands in the address.
import { useMemo, useRef } from "preact/hooks";
import type { Run } from "../../gen/cairn/v1/tracking_pb.ts";
import { query as address, setQuery } from "../app/address.ts";
import { stepsText } from "../text/curves.ts";
import { keyOf, telling } from "../text/run_columns.ts";
import { differing, fieldCounts, fieldOf, fieldsOf, listed } from "../text/run_fields.ts";
import { CurvesOfRuns } from "./compared_curves.tsx";
import { FieldChoice } from "./field_choice.tsx";
import { Panel } from "./page.tsx";
import { ParallelChart } from "./parallel.tsx";
import { useSeen } from "./room.ts";
import { CurveControls, viewOf } from "./run_curves.tsx";
import { ScatterChart } from "./scatter.tsx";

const MOST_METRIC_AXES = 3; // until the reader chooses

function nameOf(run: Run): string {
  return run.displayName || run.uid;
}

export function CompareCharts({ runs }: { runs: Run[] }) {
  const box = useRef<HTMLDivElement>(null);
  const seen = useSeen(box);
  const told = useMemo(() => telling(fieldCounts(runs), runs.length), [runs]);
  return (
    <div ref={box} class="chart-room">
      {seen && (
        <>
          <Curves runs={runs} />
          <Parallel runs={runs} told={told} />
          <Scatter runs={runs} told={told} />
        </>
      )}
    </div>
  );
}

function Curves({ runs }: { runs: Run[] }) {
  const summaries = runs.flatMap(({ metrics }) => metrics);
  const curved = summaries.filter(({ pointCount }) => pointCount > 1n);
  const metrics = [...new Set(curved.map(({ key }) => key))].sort();
  const asked = address.value.get("curve") ?? "";
  const metric = metrics.includes(asked)
    ? asked
    : (metrics.find((key) => key === "loss") ?? metrics[0]);
  if (metric === undefined) return null;
  const view = viewOf(address.value);
  const zoom = (steps: typeof view.steps) =>
    setQuery({ steps: steps === undefined ? "" : stepsText(steps) });
  return (
    <Panel title="Curves">
      <div class="row">
        <FieldChoice
          label="metric"
          fields={metrics}
          value={metric}
          onChoose={(curve) => setQuery({ curve })}
        />
        <CurveControls metrics={curved} />
      </div>
      <CurvesOfRuns key={metric} metric={metric} runs={runs} view={view} onZoom={zoom} />
    </Panel>
  );
}

interface ToldRuns {
  runs: Run[];
  told: string[]; // the fields that tell them apart
}

function Parallel({ runs, told }: ToldRuns) {
  const known = differing(runs, fieldsOf(runs)).filter((name) => !name.startsWith("tags."));
  const asked = listed(address.value.get("axes") ?? "").filter((name) => known.includes(name));
  const params = known.filter((name) => name.startsWith("params."));
  const metrics = told.filter((name) => name.startsWith("metrics.") && known.includes(name));
  const fields = asked.length > 0 ? asked : [...params, ...metrics.slice(0, MOST_METRIC_AXES)];
  if (known.length < 2) return null;
  const toggle = (name: string) => {
    const next = fields.includes(name) ? fields.filter((f) => f !== name) : [...fields, name];
    setQuery({ axes: next.join(",") });
  };
  const keep = (kept: number[]) =>
    setQuery({ runs: kept.map((run) => runs[run]?.name ?? "").join(",") });
  return (
    <Panel title="Parallel coordinates">
      <details>
        <summary class="quiet">Axes: {fields.length} of what differs</summary>
        <ul class="row">
          {known.map((name) => (
            <li key={name}>
              <label class="row">
                <input
                  type="checkbox"
                  checked={fields.includes(name)}
                  onChange={() => toggle(name)}
                />
                {keyOf(name)}
              </label>
            </li>
          ))}
        </ul>
      </details>
      <ParallelChart
        names={runs.map(nameOf)}
        fields={fields}
        values={fields.map((name) => runs.map((run) => fieldOf(run, name)))}
        onKeep={keep}
      />
    </Panel>
  );
}

function Scatter({ runs, told }: ToldRuns) {
  const fields = fieldsOf(runs);
  const metric = told.find((name) => name.startsWith("metrics.")) ?? "";
  const x = address.value.get("x") ?? told.find((name) => name.startsWith("params.")) ?? metric;
  const y = address.value.get("y") ?? metric;
  if (y === "") return null;
  const points = runs.map((run) => ({
    name: nameOf(run),
    x: fieldOf(run, x),
    y: fieldOf(run, y),
  }));
  return (
    <Panel title="Scatter">
      <div class="row">
        <FieldChoice
          label="up"
          fields={fields}
          value={y}
          onChoose={(field) => setQuery({ y: field })}
        />
        <FieldChoice
          label="over"
          fields={fields}
          value={x}
          onChoose={(field) => setQuery({ x: field })}
        />
      </div>
      <ScatterChart label={`${y} over ${x}`} points={points} x={x} y={y} height={260} />
    </Panel>
  );
}

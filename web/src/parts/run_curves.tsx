// All curves of a run, under one zoom, one smoothing and one cursor. How they are looked at stands
// in the address.
import { useEffect, useRef, useState } from "preact/hooks";
import type { MetricSummary } from "../../gen/cairn/v1/tracking_pb.ts";
import { tracking } from "../api/services/tracking.ts";
import { below, useNewest, useQuery } from "../api/queries.ts";
import { query as address, setQuery } from "../app/address.ts";
import { addKeys } from "../app/keys.ts";
import {
  curveOf,
  rangeOf,
  stepsOf,
  stepsText,
  type Curve,
  type CurveView,
} from "../text/curves.ts";
import { count } from "../text/numbers.ts";
import { windowsFor } from "../text/smoothing.ts";
import { AXIS_WIDTH, CurveChart } from "./curve.tsx";
import { CurveDownloads, CurveTable } from "./curve_data.tsx";
import { Panel } from "./page.tsx";
import { useSeen, useWidth } from "./room.ts";
import { Loaded, Waiting } from "./state.tsx";

/** Widths are rounded down to it, so that a window that is pulled reads seldom. */
const WIDTH_GRAIN = 32;

async function readCurve(
  run: string,
  key: string,
  maxBuckets: number,
  steps?: CurveView["steps"],
): Promise<Curve> {
  const buckets = [];
  for await (const part of tracking.readMetrics({ run, key, maxBuckets, ...rangeOf(steps) })) {
    buckets.push(...part.buckets);
  }
  return curveOf(buckets);
}

export function viewOf(asked: URLSearchParams): CurveView {
  return {
    logarithmic: asked.get("log") === "1",
    window: Math.max(Number(asked.get("smooth")) || 0, 0),
    steps: stepsOf(asked.get("steps") ?? ""),
  };
}

export function RunCurves({ run, metrics }: { run: string; metrics: MetricSummary[] }) {
  const view = viewOf(address.value);
  const [tables, setTables] = useState(false);
  useEffect(
    () =>
      addKeys([
        { keys: "v", does: "curves as tables, or as charts", run: () => setTables(!tables) },
        { keys: "0", does: "all steps of the curves", run: () => setQuery({ steps: "" }) },
      ]),
    [tables],
  );
  return (
    <Panel title="Curves">
      <div class="row">
        <CurveControls metrics={metrics} />
      </div>
      <div class="charts">
        {metrics.map(({ key }) => (
          <CurveOf key={key} run={run} metric={key} view={view} tables={tables} />
        ))}
      </div>
    </Panel>
  );
}

/** Axis, smoothing and zoom, for every chart of curves on the page. */
export function CurveControls({ metrics }: { metrics: MetricSummary[] }) {
  const view = viewOf(address.value);
  const last = metrics.reduce((most, { latest }) => Math.max(most, Number(latest?.step ?? 0n)), 1);
  return (
    <>
      <label class="row quiet">
        <input
          type="checkbox"
          checked={view.logarithmic}
          onChange={() => setQuery({ log: view.logarithmic ? "" : "1" })}
        />
        logarithmic
      </label>
      <Smoothing window={view.window} steps={last} />
      <button
        type="button"
        class="button"
        disabled={view.steps === undefined}
        onClick={() => setQuery({ steps: "" })}
      >
        All steps
      </button>
      <span class="quiet">
        {view.steps === undefined ? "Drag over a chart to zoom." : `steps ${stepsText(view.steps)}`}
      </span>
    </>
  );
}

/** Chooses the window that lines are smoothed over: the same number of steps at any zoom. */
function Smoothing({ window, steps }: { window: number; steps: number }) {
  const windows = windowsFor(steps);
  const at = windows.findLastIndex((known) => known <= window);
  const text = window > 0 ? `${count(window)} steps` : "off";
  return (
    <label class="row quiet">
      smoothing
      <input
        type="range"
        min={0}
        max={windows.length - 1}
        value={at}
        aria-valuetext={text}
        onInput={({ currentTarget }) => {
          const chosen = windows[currentTarget.valueAsNumber] ?? 0;
          setQuery({ smooth: chosen > 0 ? String(chosen) : "" });
        }}
      />
      <span class="smoothing">{text}</span>
    </label>
  );
}

interface CurveOfProps {
  run: string;
  metric: string;
  view: CurveView;
  tables: boolean;
}

function CurveOf(props: CurveOfProps) {
  const box = useRef<HTMLDivElement>(null);
  const seen = useSeen(box);
  const plot = useWidth(box) - AXIS_WIDTH;
  const buckets = Math.max(Math.floor(plot / WIDTH_GRAIN) * WIDTH_GRAIN, WIDTH_GRAIN);
  return (
    <div ref={box} class="chart-room">
      {seen && plot > 0 ? <ReadCurve {...props} buckets={buckets} /> : <Waiting rows={8} />}
    </div>
  );
}

function ReadCurve({ run, metric, view, tables, buckets }: CurveOfProps & { buckets: number }) {
  const { steps } = view;
  const query = useQuery(
    `${run} ${metric} ${buckets} ${steps === undefined ? "" : stepsText(steps)}`,
    () => readCurve(run, metric, buckets, steps),
    below(run),
  );
  // The picture from before stays, stretched, until that of these steps is there.
  const shown = useNewest(query.data);
  const [table, setTable] = useState(false);
  const zoom = (to: CurveView["steps"]) =>
    setQuery({ steps: to === undefined ? "" : stepsText(to) });
  const asTable = table !== tables;
  return (
    <Loaded query={{ ...query, data: shown }} rows={8}>
      {(curve) => (
        <>
          {asTable ? (
            <>
              <h3>{metric}</h3>
              <CurveTable title={metric} curve={curve} />
            </>
          ) : (
            <CurveChart
              title={metric}
              curve={curve}
              view={view}
              pending={query.data === undefined}
              onZoom={zoom}
            />
          )}
          <div class="row chart-tools">
            <button
              type="button"
              class="button"
              aria-label={`${asTable ? "Chart" : "Data"} of ${metric}`}
              onClick={() => setTable(!table)}
            >
              {asTable ? "Chart" : "Data"}
            </button>
            <CurveDownloads name={metric} curve={curve} view={view} />
          </div>
        </>
      )}
    </Loaded>
  );
}

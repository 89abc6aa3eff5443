// One metric of all compared runs in one chart; the table of the runs is its legend.
import { useMemo, useRef, useState } from "preact/hooks";
import type { Run } from "../../gen/cairn/v1/tracking_pb.ts";
import { Run_State } from "../../gen/cairn/v1/tracking_pb.ts";
import { readCurves } from "../api/compared_runs.ts";
import { below, useNewest, useQuery } from "../api/queries.ts";
import {
  comparedConfession,
  comparedCurves,
  movedBy,
  nearestLine,
  type ComparedCurves,
} from "../text/compared_curves.ts";
import {
  readoutOf,
  stepsBetween,
  stepsText,
  type Curve,
  type CurveView,
  type Steps,
} from "../text/curves.ts";
import { seriesStyle } from "../text/series.ts";
import { Axes } from "./axes.tsx";
import { useWidth } from "./room.ts";
import { Loaded } from "./state.tsx";

const LEFT = 64;
const RIGHT = 8;
const TOP = 8;
const HEIGHT = 300;
const BELOW = 36;
const MOST_BUCKETS = 400; // of a run: a hundred of them must fit into a page

export interface SeriesOfRun {
  rank: number; // its place in the table
  name: string;
  curve: Curve;
}

interface ChartProps {
  metric: string;
  runs: Run[];
  view: CurveView;
  onZoom: (steps: Steps | undefined) => void;
}

export function CurvesOfRuns(props: ChartProps) {
  const box = useRef<HTMLDivElement>(null);
  const width = useWidth(box);
  return (
    <div ref={box} class="chart-room">
      {width > 0 && <ReadCurves {...props} width={width} />}
    </div>
  );
}

function ReadCurves(props: ChartProps & { width: number }) {
  const { metric, runs, view, width } = props;
  const having = runs
    .map((run, rank) => ({ run, rank }))
    .filter(({ run }) => run.metrics.some(({ key }) => key === metric));
  const buckets = Math.min(Math.max(Math.floor(width / 64) * 64, 64), MOST_BUCKETS);
  const names = having.map(({ run }) => run.name);
  const read = async (): Promise<SeriesOfRun[]> => {
    const curves = await readCurves(names, metric, buckets, view.steps);
    return having.flatMap(({ run, rank }) => {
      const curve = curves.get(run.name);
      return curve === undefined ? [] : [{ rank, name: run.displayName || run.uid, curve }];
    });
  };
  const going = runs.filter(({ state }) => state === Run_State.RUNNING).map(({ name }) => name);
  const steps = view.steps === undefined ? "" : stepsText(view.steps);
  const query = useQuery(`${metric} ${steps} ${buckets} ${names.join()}`, read, below(...going));
  const shown = useNewest(query.data);
  return (
    <Loaded query={{ ...query, data: shown }} rows={9}>
      {(series) => <Drawn {...props} series={series} pending={query.data === undefined} />}
    </Loaded>
  );
}

function Drawn(props: ChartProps & { width: number; series: SeriesOfRun[]; pending: boolean }) {
  const { metric, runs, view, width, series, pending } = props;
  const { logarithmic, window, steps } = view;
  const plot = { width: Math.max(width - LEFT - RIGHT, 1), height: HEIGHT - TOP - BELOW };
  const curves = series.map(({ curve }) => curve);
  const chart = useMemo(
    () => comparedCurves(curves, view, plot),
    [series, logarithmic, window, steps?.from, steps?.to, width],
  );
  const [under, setUnder] = useState<{ line: number; index: number }>();
  const pointed = under === undefined ? undefined : series[under.line];
  const caption = pending
    ? "Reading these steps; the picture is stretched."
    : comparedConfession(curves, runs.length, view);
  if (chart === undefined) return <p class="notice">{caption} · nothing of it can be drawn.</p>;
  return (
    <figure class="chart" aria-label={`${metric} of ${series.length} runs`} aria-busy={pending}>
      <Picture
        {...props}
        chart={chart}
        plot={plot}
        caption={caption}
        under={under}
        onPoint={setUnder}
      />
      <div class="readout" aria-live="polite">
        {pointed !== undefined && `${pointed.name}: ${readoutOf(pointed.curve, under?.index ?? 0)}`}
      </div>
      <figcaption>{caption}</figcaption>
    </figure>
  );
}

interface PictureProps {
  chart: ComparedCurves;
  plot: { width: number; height: number };
  width: number;
  metric: string;
  series: SeriesOfRun[];
  caption: string;
  under: { line: number; index: number } | undefined;
  onPoint: (under: { line: number; index: number } | undefined) => void;
  onZoom: (steps: Steps | undefined) => void;
}

function Picture(props: PictureProps) {
  const { chart, plot, width, metric, series, caption, under, onPoint, onZoom } = props;
  const [drag, setDrag] = useState<{ from: number; to: number }>();
  const at = (event: MouseEvent) => {
    const { left, top } = (event.currentTarget as Element).getBoundingClientRect();
    return { x: event.clientX - left - LEFT, y: event.clientY - top - TOP };
  };
  const drop = () => {
    setDrag(undefined);
    if (drag === undefined || Math.abs(drag.to - drag.from) < 3) return;
    onZoom(stepsBetween(chart.stepAt(drag.from), chart.stepAt(drag.to)));
  };
  const press = (event: KeyboardEvent) => {
    const here = under ?? { line: 0, index: 0 };
    const at = chart.lines[here.line]?.x[here.index] ?? 0;
    const by = { "+": 0.5, "-": 2 }[event.key];
    if (by !== undefined) {
      onZoom(stepsBetween(chart.stepAt(at * (1 - by)), chart.stepAt(at + (plot.width - at) * by)));
    } else if (event.key.startsWith("Arrow")) onPoint(movedBy(chart.lines, here, event.key));
    else return;
    event.preventDefault();
  };
  return (
    <svg
      width={width}
      height={HEIGHT}
      tabIndex={0}
      role="application"
      aria-label={`${metric}: arrow keys go along a line and to others, + and − zoom. ${caption}`}
      onKeyDown={press}
      onPointerDown={(event) => {
        (event.currentTarget as SVGElement).setPointerCapture(event.pointerId);
        setDrag({ from: at(event).x, to: at(event).x });
      }}
      onPointerMove={(event) => {
        const { x, y } = at(event);
        if (drag !== undefined) setDrag({ ...drag, to: Math.min(Math.max(x, 0), plot.width) });
        onPoint(nearestLine(chart.lines, x, y));
      }}
      onPointerUp={drop}
      onPointerLeave={() => onPoint(undefined)}
      onDblClick={() => onZoom(undefined)}
    >
      <defs>
        <clipPath id="compared">
          <rect x={0} y={-2} width={plot.width} height={plot.height + 4} />
        </clipPath>
      </defs>
      <g transform={`translate(${LEFT} ${TOP})`}>
        <Axes across={chart.across} up={chart.up} {...plot} x="step" />
        <g clip-path="url(#compared)">
          <Lines chart={chart} series={series} under={under} />
        </g>
        {drag !== undefined && (
          <rect
            class="brush"
            x={Math.min(drag.from, drag.to)}
            y={0}
            width={Math.abs(drag.to - drag.from)}
            height={plot.height}
          />
        )}
      </g>
    </svg>
  );
}

function Lines(props: {
  chart: ComparedCurves;
  series: SeriesOfRun[];
  under: { line: number; index: number } | undefined;
}) {
  const { chart, series, under } = props;
  const line = under === undefined ? undefined : chart.lines[under.line];
  const height = line?.y[under?.index ?? 0];
  return (
    <g class="lines">
      {chart.lines.map(({ path, bands }, index) => {
        const { colour, dash } = seriesStyle(series[index]?.rank ?? index);
        return (
          <g key={index}>
            {bands.map((band) => (
              <path key={band} class="band" d={band} style={{ fill: colour }} />
            ))}
            <path
              class={index === under?.line ? "pointed" : undefined}
              d={path}
              style={{ stroke: colour, strokeDasharray: dash }}
            />
          </g>
        );
      })}
      {line !== undefined && height != null && (
        <circle class="ring" r={5} cx={line.x[under?.index ?? 0] ?? 0} cy={height} />
      )}
    </g>
  );
}

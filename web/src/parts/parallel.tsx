// Parallel coordinates of runs: a line for each, an axis for each field; a brush on an axis leaves
// only the lines that pass through it.
import { useRef, useState } from "preact/hooks";
import { count } from "../text/numbers.ts";
import { keyOf } from "../text/run_columns.ts";
import {
  brushBetween,
  brushByKey,
  brushText,
  lineThrough,
  nearestRun,
  parallelAxis,
  within,
  type Brush,
  type Brushes,
  type ParallelAxis,
} from "../text/parallel.ts";
import { seriesStyle } from "../text/series.ts";
import { useWidth } from "./room.ts";

const HEIGHT = 260;
const EDGE = 12; // above and below the axes
const LEAST_GAP = 96; // pixels between axes: a name finds room

export interface ParallelProps {
  names: string[]; // of the runs
  fields: string[];
  values: (string | number | undefined)[][]; // of each field, those of the runs
  onKeep: (runs: number[]) => void;
}

const y = (place: number) => HEIGHT - EDGE - place * (HEIGHT - 2 * EDGE);
const placeAt = (pixel: number) => (HEIGHT - EDGE - pixel) / (HEIGHT - 2 * EDGE);

function captionOf(axes: ParallelAxis[], kept: boolean[], brushed: boolean): string {
  const shown = kept.filter(Boolean).length;
  const said = [
    brushed ? `${count(shown)} of ${count(kept.length)} runs kept` : `${count(kept.length)} runs`,
  ];
  const gaps = kept.filter((_, run) => axes.some(({ places }) => places[run] === undefined)).length;
  if (gaps > 0) said.push(`${count(gaps)} lack a value: their lines have a gap`);
  const logarithmic = axes.filter(({ numbers }) => numbers?.logarithmic === true);
  if (logarithmic.length > 0) {
    said.push(`logarithmic: ${logarithmic.map(({ field }) => keyOf(field)).join(", ")}`);
  }
  if (!brushed) said.push("drag along an axis to keep a part of it");
  return said.join(" · ");
}

export function ParallelChart({ names, fields, values, onKeep }: ParallelProps) {
  const box = useRef<HTMLDivElement>(null);
  const width = Math.max(useWidth(box), fields.length * LEAST_GAP);
  const [brushes, setBrushes] = useState<Brushes>({});
  const [under, setUnder] = useState<number>();
  const axes = fields.map((field, index) => parallelAxis(field, values[index] ?? []));
  const gap = width / Math.max(fields.length, 1);
  const x = (axis: number) => (axis + 0.5) * gap;
  const kept = within(axes, brushes, names.length);
  const brushed = fields.some((field) => brushes[field] !== undefined);
  const brush = (field: string, to: Brush | undefined) => {
    const others = Object.entries(brushes).filter(([name]) => name !== field);
    setBrushes(Object.fromEntries(to === undefined ? others : [...others, [field, to]]));
  };
  const look = (event: MouseEvent) => {
    const { left, top } = (event.currentTarget as Element).getBoundingClientRect();
    const run = nearestRun(axes, { x: event.clientX - left, y: event.clientY - top }, x, y);
    setUnder(run !== undefined && kept[run] === true ? run : undefined);
  };
  const keep = () => onKeep(names.map((_, run) => run).filter((run) => kept[run] === true));
  return (
    <figure class="chart" aria-label="Parallel coordinates">
      <div ref={box} class="scroll-x">
        <div style={{ width: `${width}px` }}>
          <div class="axis-names">
            {fields.map((field) => (
              <span key={field} style={{ width: `${gap}px` }}>
                {keyOf(field)}
              </span>
            ))}
          </div>
          <svg
            width={width}
            height={HEIGHT}
            role="group"
            aria-label={`Parallel coordinates: ${captionOf(axes, kept, brushed)}`}
            onMouseMove={look}
            onMouseLeave={() => setUnder(undefined)}
          >
            <Lines axes={axes} kept={kept} under={under} x={x} />
            {axes.map((axis, index) => (
              <g key={axis.field} transform={`translate(${x(index)} 0)`}>
                <AxisOf axis={axis} brush={brushes[axis.field]} onBrush={brush} />
              </g>
            ))}
          </svg>
        </div>
      </div>
      <figcaption>
        {captionOf(axes, kept, brushed)}
        {under !== undefined && <span class="told"> · {names[under]}</span>}
      </figcaption>
      {brushed && (
        <div class="row chart-tools">
          <button type="button" class="button" onClick={() => setBrushes({})}>
            Keep all
          </button>
          <button
            type="button"
            class="button"
            disabled={kept.filter(Boolean).length < 2}
            onClick={keep}
          >
            Compare only these
          </button>
        </div>
      )}
    </figure>
  );
}

function Lines(props: {
  axes: ParallelAxis[];
  kept: boolean[];
  under: number | undefined;
  x: (axis: number) => number;
}) {
  const { axes, kept, under, x } = props;
  return (
    <g class="lines">
      {kept.map((isKept, run) => {
        const { colour, dash } = seriesStyle(run);
        const look = !isKept ? "left-out" : run === under ? "pointed" : undefined;
        return (
          <path
            key={run}
            class={look}
            d={lineThrough(axes, run, x, y)}
            style={{ stroke: colour, strokeDasharray: dash }}
          />
        );
      })}
    </g>
  );
}

interface AxisOfProps {
  axis: ParallelAxis;
  brush: Brush | undefined;
  onBrush: (field: string, to: Brush | undefined) => void;
}

function AxisOf({ axis, brush, onBrush }: AxisOfProps) {
  const from = useRef<number | undefined>(undefined);
  const { field, ticks } = axis;
  const placeOf = (event: PointerEvent) => {
    const svg = (event.currentTarget as SVGElement).ownerSVGElement;
    return placeAt(event.clientY - (svg?.getBoundingClientRect().top ?? 0));
  };
  return (
    <g>
      <path class="parallel-axis" d={`M0 ${y(1)}V${y(0)}`} />
      {brush !== undefined && (
        <rect
          class="brush"
          x={-7}
          width={14}
          y={y(brush.high)}
          height={y(brush.low) - y(brush.high)}
        />
      )}
      {ticks.map(({ place, text }) => (
        <text key={`${place} ${text}`} x={9} y={y(place)} dy={4} class="on-lines">
          {text}
        </text>
      ))}
      <rect
        class="grip"
        x={-14}
        width={28}
        y={0}
        height={HEIGHT}
        tabIndex={0}
        role="slider"
        aria-label={`${keyOf(field)}: arrow keys keep a part`}
        aria-orientation="vertical"
        aria-valuemin={0}
        aria-valuemax={1}
        aria-valuenow={brush === undefined ? 0.5 : (brush.low + brush.high) / 2}
        aria-valuetext={brushText(axis, brush)}
        onPointerDown={(event) => {
          (event.currentTarget as SVGElement).setPointerCapture(event.pointerId);
          from.current = placeOf(event);
        }}
        onPointerMove={(event) => {
          if (from.current === undefined) return;
          const to = brushBetween(from.current, placeOf(event));
          if (to !== undefined) onBrush(field, to);
        }}
        onPointerUp={(event) => {
          if (from.current === undefined) return;
          onBrush(field, brushBetween(from.current, placeOf(event)));
          from.current = undefined;
        }}
        onKeyDown={(event) => {
          const to = brushByKey(brush, event.key, event.shiftKey);
          if (to === brush) return;
          event.preventDefault();
          onBrush(field, to);
        }}
      >
        <title>{`${keyOf(field)}: ${brushText(axis, brush)}`}</title>
      </rect>
    </g>
  );
}

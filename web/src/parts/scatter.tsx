// Things as points: one of their fields over another. The table beside it is the legend.
import { useRef, useState } from "preact/hooks";
import { count, exact } from "../text/numbers.ts";
import { keyOf } from "../text/run_columns.ts";
import { nearest, scatterOf, type Placed, type Point, type Scatter } from "../text/scatter.ts";
import { PALETTE, seriesStyle, shapeOf } from "../text/series.ts";
import { Axes } from "./axes.tsx";
import { useWidth } from "./room.ts";

const LEFT = 64;
const RIGHT = 8;
const BELOW = 34;

export interface ScatterProps {
  label: string;
  points: (Point & { name: string })[]; // the first eight have the marks of their rows
  x: string; // the fields
  y: string;
  height?: number;
  chosen?: number; // a point, by index
  onChoose?: (index: number) => void;
}

function spoken(value: string | number | undefined): string {
  return typeof value === "number" ? exact(value) : (value ?? "–");
}

function captionOf(scatter: Scatter, all: number): string {
  const { placed, missing, bars, logarithmic } = scatter;
  const said = [`${count(placed.length)} of ${count(all)} runs`];
  if (missing > 0) said.push(`${count(missing)} lack a number for it`);
  if (bars.length > 0) said.push("bars are means of as many runs as their names say, from 0");
  const axes = [logarithmic.x && "x", logarithmic.y && "y"].filter((axis) => axis !== false);
  if (axes.length > 0) said.push(`logarithmic ${axes.join(" and ")}`);
  if (placed.length > PALETTE)
    said.push("the first eight of the table have marks, others are grey");
  return said.join(" · ");
}

export function ScatterChart(props: ScatterProps) {
  const { label, points, x, y, height = 180, onChoose } = props;
  const box = useRef<HTMLDivElement>(null);
  const width = useWidth(box);
  const [under, setUnder] = useState<number>();
  const plot = { width: Math.max(width - LEFT - RIGHT, 1), height: height - BELOW };
  const scatter = width > 0 ? scatterOf(points, plot.width, plot.height) : undefined;
  const find = (event: MouseEvent): Placed | undefined => {
    const { left, top } = (event.currentTarget as Element).getBoundingClientRect();
    return nearest(scatter?.placed ?? [], event.clientX - left - LEFT, event.clientY - top);
  };
  const told = points[under ?? props.chosen ?? -1];
  return (
    <figure class="chart" aria-label={label}>
      <div ref={box} style={{ height: `${height}px` }}>
        {scatter !== undefined && (
          <svg
            width={width}
            height={height}
            role="img"
            aria-label={`${label}: ${captionOf(scatter, points.length)}`}
            onMouseMove={(event) => setUnder(find(event)?.index)}
            onMouseLeave={() => setUnder(undefined)}
            onClick={(event) => {
              const point = find(event);
              if (point !== undefined) onChoose?.(point.index);
            }}
          >
            <g transform={`translate(${LEFT} 0)`}>
              <Axes
                across={scatter.across}
                up={scatter.up}
                {...plot}
                x={keyOf(x)}
                y={keyOf(y)}
                {...(scatter.bars.length > 0 && { column: plot.width / scatter.bars.length })}
              />
              <Bars scatter={scatter} />
              <Marks placed={scatter.placed} shown={under ?? props.chosen} />
            </g>
          </svg>
        )}
        {width > 0 && scatter === undefined && (
          <p class="notice">No run has both, with a number for {keyOf(y)}.</p>
        )}
      </div>
      <figcaption>
        {scatter !== undefined && captionOf(scatter, points.length)}
        {told !== undefined && (
          <span class="told">
            {` · ${told.name}: ${keyOf(x)} ${spoken(told.x)}, ${keyOf(y)} ${spoken(told.y)}`}
          </span>
        )}
      </figcaption>
    </figure>
  );
}

function Bars({ scatter }: { scatter: Scatter }) {
  return (
    <g class="bars">
      {scatter.bars.map(({ text, x, y, width, height, mean, points }) => (
        <rect key={text} x={x} y={y} width={width} height={height}>
          <title>{`${text}: mean ${exact(mean)} of ${points}`}</title>
        </rect>
      ))}
    </g>
  );
}

// Those with marks come last: nothing covers them.
function Marks({ placed, shown }: { placed: Placed[]; shown: number | undefined }) {
  return (
    <g>
      {placed.toReversed().map(({ index, x, y }) => (
        <g key={index} transform={`translate(${x.toFixed(1)} ${y.toFixed(1)})`}>
          {index < PALETTE ? (
            <path d={shapeOf(index)} style={{ fill: seriesStyle(index).colour }} class="mark" />
          ) : (
            <circle r={3} class="mark other" />
          )}
          {index === shown && <circle r={9} class="ring" />}
        </g>
      ))}
    </g>
  );
}

// The grid of a chart of our own: lines, what they stand for, and what is measured.
import { shortened } from "../text/names.ts";

const LETTER = 6.5; // pixels, about

export interface AxesProps {
  across: { at: number; text: string }[];
  up: { at: number; text: string }[];
  width: number;
  height: number;
  x: string;
  y?: string;
  column?: number; // pixels for each text under columns, which have no lines
}

export function Axes({ across, up, width, height, x, y, column }: AxesProps) {
  const letters = column === undefined ? Infinity : Math.floor(column / LETTER);
  return (
    <g class="axes">
      {up.map(({ at, text }) => (
        <g key={text}>
          <path d={`M0 ${at}H${width}`} />
          <text x={-6} y={at} dy={4} text-anchor="end">
            {text}
          </text>
        </g>
      ))}
      {across.map(({ at, text }) => (
        <g key={text}>
          {column === undefined && <path d={`M${at} 0V${height}`} />}
          <text x={at} y={height + 14} text-anchor="middle">
            {letters < 3 ? "" : shortened(text, letters)}
            <title>{text}</title>
          </text>
        </g>
      ))}
      <text x={width / 2} y={height + 30} text-anchor="middle" class="axis-name">
        {x}
      </text>
      {y !== undefined && (
        <text
          transform={`translate(-52 ${height / 2}) rotate(-90)`}
          text-anchor="middle"
          class="axis-name"
        >
          {shortened(y, Math.floor(height / LETTER))}
          <title>{y}</title>
        </text>
      )}
    </g>
  );
}

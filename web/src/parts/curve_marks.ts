// The marks of NaN and infinity along the edges of a chart, drawn over its canvas.
import type uPlot from "uplot";
import { marksOf, type Curve } from "../text/curves.ts";
import { colour } from "./colours.ts";

const SIZE = 4; // CSS pixels from the middle of a mark to its end

/** Draws what no line can show: ▲ +∞ on the upper edge, ▼ −∞ and ✕ NaN on the lower. */
export function drawMarks(chart: uPlot, curve: Curve): void {
  const { ctx, bbox } = chart;
  const size = SIZE * devicePixelRatio;
  ctx.save();
  ctx.strokeStyle = ctx.fillStyle = colour("--warn");
  ctx.lineWidth = 1.5 * devicePixelRatio;
  for (const { x, kind, from } of marksOf(curve)) {
    const across = chart.valToPos(x, "x", true);
    if (across < bbox.left || across > bbox.left + bbox.width) continue;
    const up = kind === "above";
    const edge = up ? bbox.top + size : bbox.top + bbox.height - size;
    ctx.beginPath();
    if (kind === "nan") cross(ctx, across, edge, size * 0.8);
    else triangle(ctx, across, edge, up ? size : -size);
    if (from !== null) {
      ctx.moveTo(across, edge);
      ctx.lineTo(across, chart.valToPos(from, "y", true));
    }
    ctx.stroke();
    if (kind !== "nan") ctx.fill();
  }
  ctx.restore();
}

function cross(ctx: CanvasRenderingContext2D, x: number, y: number, size: number): void {
  ctx.moveTo(x - size, y - size);
  ctx.lineTo(x + size, y + size);
  ctx.moveTo(x + size, y - size);
  ctx.lineTo(x - size, y + size);
}

function triangle(ctx: CanvasRenderingContext2D, x: number, y: number, size: number): void {
  ctx.moveTo(x, y - size);
  ctx.lineTo(x + size, y + size);
  ctx.lineTo(x - size, y + size);
  ctx.closePath();
}

// A piece of a run's line with its mark, for a table that is the legend of charts.
import { PALETTE, seriesStyle, shapeOf } from "../text/series.ts";

export function SeriesSample({ rank }: { rank: number }) {
  const { colour, dash } = seriesStyle(rank);
  return (
    <svg class="rank-mark" width="28" height="12" viewBox="-14 -6 28 12" aria-hidden="true">
      <path d="M-14 0H14" style={{ stroke: colour, strokeWidth: 2, strokeDasharray: dash }} />
      {rank < PALETTE && <path d={shapeOf(rank)} style={{ fill: colour }} />}
    </svg>
  );
}

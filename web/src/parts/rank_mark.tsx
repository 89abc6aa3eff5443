// The mark of a series by its rank: the same in a chart and in the table that is its legend.
import { seriesStyle, shapeOf } from "../text/series.ts";

export function RankMark({ rank }: { rank: number }) {
  return (
    <svg class="rank-mark" width="12" height="12" viewBox="-6 -6 12 12" aria-hidden="true">
      <path d={shapeOf(rank)} style={{ fill: seriesStyle(rank).colour }} />
    </svg>
  );
}

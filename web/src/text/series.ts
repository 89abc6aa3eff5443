// How series are told apart: by their rank among what is shown, a colour of eight and a shape; from
// the ninth on a dash as well.

export const PALETTE = 8;

export interface SeriesStyle {
  colour: string; // a token of the style sheet
  dash: string; // of a line; empty for a whole one
}

export function seriesStyle(rank: number): SeriesStyle {
  const round = Math.floor(rank / PALETTE);
  return {
    colour: `var(--series-${(rank % PALETTE) + 1})`,
    dash: round === 0 ? "" : `${2 + 3 * (round - 1)} ${2 + (round % 3)}`,
  };
}

const SHAPES = [
  "M-4 0A4 4 0 1 1 4 0A4 4 0 1 1 -4 0Z", // circle
  "M-4 -4H4V4H-4Z", // square
  "M0 -5L5 4H-5Z", // triangle
  "M0 -5L5 0L0 5L-5 0Z", // diamond
  "M0 5L5 -4H-5Z", // triangle on its head
  "M-1.5 -5H1.5V-1.5H5V1.5H1.5V5H-1.5V1.5H-5V-1.5H-1.5Z", // plus
  "M-5 -3.5H5L0 -0.5ZM-5 3.5H5L0 0.5Z", // hourglass
  "M0 -5L1.5 -1.5H5L2 1L3 5L0 2.5L-3 5L-2 1L-5 -1.5H-1.5Z", // star
];

/** The outline of a mark around the origin, about ten pixels wide. */
export function shapeOf(rank: number): string {
  return SHAPES[rank % SHAPES.length] ?? "";
}

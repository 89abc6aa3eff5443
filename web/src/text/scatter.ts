// One field of things over another: where each stands, in a box of pixels.
import { axisOf, isWide, placeOn, ticksOf, type Axis } from "./axes.ts";
import { tickText } from "./numbers.ts";
import { numberIn } from "./run_fields.ts";

export interface Point {
  x: string | number | undefined;
  y: string | number | undefined;
}

export interface Placed {
  index: number; // of the point
  x: number;
  y: number;
}

export interface Tick {
  at: number; // pixels
  text: string;
}

/** The mean of what has one text for x. */
export interface Bar {
  text: string;
  points: number;
  mean: number;
  x: number;
  y: number;
  width: number;
  height: number;
}

export interface Scatter {
  placed: Placed[];
  across: Tick[];
  up: Tick[];
  bars: Bar[]; // only where x is a text
  logarithmic: { x: boolean; y: boolean };
  missing: number; // points that lack a field, or whose value is no finite number
}

const ROOM = 8; // between the outermost points and the edge

/** Places points in a box; undefined when none can be. Where x has texts, they stand in a row. */
export function scatterOf(points: Point[], width: number, height: number): Scatter | undefined {
  const whole = points
    .map(({ x, y }, index) => ({ index, x, y: numberIn(y) }))
    .filter(({ x, y }) => x !== undefined && !Number.isNaN(x) && Number.isFinite(y))
    .map(({ index, x, y }) => ({ index, x: x ?? "", y: y ?? 0 }));
  const numbers = whole.map(({ x }) => numberIn(x)).filter((x) => x !== undefined);
  const texts = numbers.length < whole.length;
  const shown = texts ? whole : whole.filter(({ x }) => Number.isFinite(numberIn(x)));
  const values = shown.map(({ y }) => y);
  // Bars begin at 0, so their axis does and is linear.
  const up = texts ? axisOf([0, ...values]) : axisOf(values, isWide(values));
  if (up === undefined || shown.length === 0) return undefined;
  const y = inBox(up, height - ROOM, ROOM);
  const missing = points.length - shown.length;
  const rest = { up: marked(up, y, height / 40), missing };
  if (texts) return { ...byText(shown, y, width), ...rest, logarithmic: { x: false, y: false } };
  const axis = axisOf(numbers, isWide(numbers));
  if (axis === undefined) return undefined;
  const x = inBox(axis, ROOM, width - ROOM);
  return {
    ...rest,
    placed: shown.map((point) => ({
      index: point.index,
      x: x(numberIn(point.x) ?? 0),
      y: y(point.y),
    })),
    across: marked(axis, x, width / 60),
    bars: [],
    logarithmic: { x: axis.logarithmic, y: up.logarithmic },
  };
}

type Place = (value: number) => number;

function inBox(axis: Axis, from: number, to: number): Place {
  return (value) => from + (placeOn(axis, value) ?? 0) * (to - from);
}

function marked(axis: Axis, place: Place, wanted: number): Tick[] {
  return ticksOf(axis, Math.max(wanted, 3)).map((tick) => ({
    at: place(tick),
    text: tickText(tick),
  }));
}

function byText(
  shown: { index: number; x: string | number; y: number }[],
  y: Place,
  width: number,
) {
  const texts = [...new Set(shown.map(({ x }) => String(x)))].sort((a, b) =>
    a.localeCompare(b, "en", { numeric: true }),
  );
  const column = width / texts.length;
  const middle = (text: string) => (texts.indexOf(text) + 0.5) * column;
  const bars = texts.map((text) => {
    const values = shown.filter(({ x }) => String(x) === text).map((point) => point.y);
    const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
    const wide = Math.min(column * 0.7, 80);
    const ends = [y(0), y(mean)];
    const top = Math.min(...ends);
    const height = Math.max(...ends) - top;
    return {
      text,
      points: values.length,
      mean,
      x: middle(text) - wide / 2,
      y: top,
      width: wide,
      height,
    };
  });
  return {
    placed: shown.map((point) => ({
      index: point.index,
      x: middle(String(point.x)),
      y: y(point.y),
    })),
    across: bars.map(({ text, points }) => ({ at: middle(text), text: `${text} (${points})` })),
    bars,
  };
}

/** The point nearest to a place, if one is within `reach` pixels. */
export function nearest(placed: Placed[], x: number, y: number, reach = 24): Placed | undefined {
  let best: Placed | undefined;
  let least = reach;
  for (const point of placed) {
    const away = Math.hypot(point.x - x, point.y - y);
    if (away <= least) {
      best = point;
      least = away;
    }
  }
  return best;
}

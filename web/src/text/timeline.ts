// The history of a channel on an axis of time: what is where, in pixels. Times are Unix milliseconds.
import { absolute, day } from "./times.ts";

/** One time that a channel served a version; without an end: it does so now. */
export interface Epoch {
  epoch: number;
  version: string; // empty: nothing was served
  decision: string;
  from: number;
  to: number | undefined;
}

export interface Span {
  from: number;
  to: number;
}

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const LAST = new Map([
  ["hour", HOUR],
  ["day", DAY],
  ["week", 7 * DAY],
]);

/**
 * The time shown for what the address asks: the last hour, day or week, two moments "FROM-TO", else everything
 * from the first of `moments` on.
 */
export function spanOf(asked: string, moments: number[], now: number): Span {
  const last = LAST.get(asked);
  if (last !== undefined) return { from: now - last, to: now };
  const [, from, to] = /^(\d{1,15})-(\d{1,15})$/.exec(asked) ?? [];
  if (from !== undefined && to !== undefined && Number(from) < Number(to)) {
    return { from: Number(from), to: Number(to) };
  }
  const first = Math.min(now - MINUTE, ...moments);
  return { from: first - (now - first) * 0.02, to: now };
}

/** The two moments as an address holds them, with some air around them. */
export function askedFor(times: number[]): string {
  const from = Math.min(...times);
  const to = Math.max(...times);
  const air = Math.max((to - from) * 0.2, 1);
  return `${Math.floor(from - air)}-${Math.ceil(to + air)}`;
}

export function toPixel(time: number, { from, to }: Span, width: number): number {
  return ((time - from) / (to - from)) * width;
}

export function toTime(pixel: number, { from, to }: Span, width: number): number {
  return from + (pixel / width) * (to - from);
}

export interface Band {
  x: number;
  width: number;
  epoch: Epoch;
}

const LEAST_BAND = 2;

/** The part of each epoch that is in view; a short one keeps two pixels, so that none is lost. */
export function bandsOf(epochs: Epoch[], span: Span, width: number): Band[] {
  return epochs
    .filter(({ from, to = Infinity }) => from <= span.to && to >= span.from)
    .map((epoch) => {
      const x = Math.max(toPixel(epoch.from, span, width), 0);
      const end = Math.min(toPixel(epoch.to ?? span.to, span, width), width);
      return { x: Math.min(x, width - LEAST_BAND), width: Math.max(end - x, LEAST_BAND), epoch };
    });
}

/** Marks that would lie on one another are one; each group stands where its first one is. */
export function groupsOf<Mark extends { time: number }>(
  marks: Mark[],
  span: Span,
  width: number,
  apart = 14,
): { x: number; marks: Mark[] }[] {
  const groups: { x: number; marks: Mark[] }[] = [];
  const inView = marks.filter(({ time }) => time >= span.from && time <= span.to);
  for (const mark of inView.sort((a, b) => a.time - b.time)) {
    const x = toPixel(mark.time, span, width);
    const before = groups.at(-1);
    if (before !== undefined && x - before.x < apart) before.marks.push(mark);
    else groups.push({ x, marks: [mark] });
  }
  return groups;
}

/** Each version's place in the order in which they were first served; it chooses the colour. */
export function ranksOf(epochs: Epoch[]): Map<string, number> {
  const ranks = new Map<string, number>();
  for (const { version } of [...epochs].sort((a, b) => a.epoch - b.epoch)) {
    if (version !== "" && !ranks.has(version)) ranks.set(version, ranks.size);
  }
  return ranks;
}

const STEPS = [
  1_000,
  5_000,
  15_000,
  MINUTE,
  5 * MINUTE,
  15 * MINUTE,
  HOUR,
  3 * HOUR,
  6 * HOUR,
  12 * HOUR,
  DAY,
  2 * DAY,
  7 * DAY,
  14 * DAY,
  30 * DAY,
  90 * DAY,
  365 * DAY,
];
const LABEL_PIXELS = 84;

/** Round moments where the reader is, as many as have room, each with its label. */
export function ticksOf(span: Span, width: number): { x: number; label: string }[] {
  const room = ((span.to - span.from) * LABEL_PIXELS) / Math.max(width, 1);
  const step = STEPS.find((one) => one >= room) ?? room;
  const offset = new Date(span.from).getTimezoneOffset() * MINUTE;
  const ticks = [];
  for (let at = Math.ceil((span.from - offset) / step) * step + offset; at <= span.to; at += step) {
    ticks.push({ x: toPixel(at, span, width), label: labelOf(at, step) });
  }
  return ticks;
}

function labelOf(at: number, step: number): string {
  if (step >= DAY) return day(at);
  const time = absolute(at).slice(11, 19);
  if (time === "00:00:00") return day(at).slice(5);
  return step < MINUTE ? time : time.slice(0, 5);
}

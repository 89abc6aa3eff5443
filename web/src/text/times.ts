// How times are written: relative where a reader scans, absolute with the zone where they look.

/** A moment of the API: seconds and nanoseconds since 1970. */
export interface Moment {
  seconds: bigint;
  nanos: number;
}

/** Unix milliseconds; undefined for a moment that was never set. */
export function millis(moment: Moment | undefined): number | undefined {
  if (moment === undefined) return undefined;
  return Number(moment.seconds) * 1000 + Math.floor(moment.nanos / 1e6);
}

const STEPS: [limit: number, unit: number, name: string][] = [
  [60_000, 1_000, "s"],
  [3_600_000, 60_000, "min"],
  [86_400_000, 3_600_000, "h"],
  [30 * 86_400_000, 86_400_000, "d"],
];

/** How long ago, in one unit: "now", "5 min ago", "in 2 h"; beyond a month the day. */
export function ago(at: number, now: number): string {
  const away = Math.abs(now - at);
  if (away < 2_000) return "now";
  for (const [limit, unit, name] of STEPS) {
    if (away < limit) {
      const amount = `${Math.floor(away / unit)} ${name}`;
      return at <= now ? `${amount} ago` : `in ${amount}`;
    }
  }
  return day(at);
}

/** How long something took, with two units at most: "380 µs", "1.24 s", "3 min 20 s". */
export function duration(milliseconds: number): string {
  if (milliseconds < 1) return `${Math.round(milliseconds * 1000)} µs`;
  if (milliseconds < 1000) return `${milliseconds.toPrecision(3)} ms`;
  const seconds = milliseconds / 1000;
  if (seconds < 60) return `${seconds.toPrecision(3)} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min ${Math.floor(seconds % 60)} s`;
  const hours = Math.floor(minutes / 60);
  return hours < 48
    ? `${hours} h ${minutes % 60} min`
    : `${Math.floor(hours / 24)} d ${hours % 24} h`;
}

function two(part: number): string {
  return String(part).padStart(2, "0");
}

/** The day where the reader is: "2026-11-30". */
export function day(at: number): string {
  const date = new Date(at);
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
}

/** The second where the reader is, with the distance from UTC: "2026-11-30 13:05:34 +01:00". */
export function absolute(at: number): string {
  const date = new Date(at);
  const offset = -date.getTimezoneOffset();
  const zone =
    offset === 0
      ? "UTC"
      : `${offset < 0 ? "\u2212" : "+"}${two(Math.floor(Math.abs(offset) / 60))}:${two(Math.abs(offset) % 60)}`;
  const time = [date.getHours(), date.getMinutes(), date.getSeconds()].map(two).join(":");
  return `${day(at)} ${time} ${zone}`;
}

// How numbers are written: four significant digits where they are compared, all of them on demand.

const MINUS = "\u2212";

/** A measured value in a table: "0.2491", "34,471", "1.2e-7", "NaN", "−∞". */
export function measured(value: number, digits = 4): string {
  if (Number.isNaN(value)) return "NaN";
  if (!Number.isFinite(value)) return value > 0 ? "∞" : `${MINUS}∞`;
  if (Number.isInteger(value) && Math.abs(value) < 1e15) return count(value);
  const size = Math.abs(value);
  if (size < 1e-4 || size >= 1e15) return minus(value.toExponential(digits - 1));
  const whole = Math.floor(Math.log10(size)) + 1;
  const decimals = Math.min(Math.max(digits - whole, 0), 8);
  return minus(grouped(value.toFixed(decimals)));
}

/** A value along an axis, which is round: "0.25", not "0.2500". */
export function tickText(value: number): string {
  const text = measured(value);
  return text.includes(".") ? text.replace(/\.?0+(?=e|$)/, "") : text;
}

/** All digits that tell this value from its neighbours. */
export function exact(value: number): string {
  return Number.isFinite(value) ? minus(String(value)) : measured(value);
}

/** A change against a baseline, always with its sign: "+0.012", "−3", "±0". */
export function delta(value: number): string {
  if (value === 0) return "±0";
  return value > 0 ? `+${measured(value)}` : measured(value);
}

/** A count of things: "4,362". */
export function count(value: number | bigint): string {
  return minus(grouped(value.toString()));
}

/** A share of a whole, from 0 to 1: "21.8 %". */
export function share(value: number): string {
  return `${minus((value * 100).toFixed(1))} %`;
}

/** A size in decimal units: "512 B", "1.2 MB". */
export function bytes(value: number | bigint): string {
  let size = Number(value);
  if (size < 1000) return `${size} B`;
  for (const unit of ["kB", "MB", "GB", "TB"]) {
    size /= 1000;
    if (size < 999.5) return `${size.toPrecision(3)} ${unit}`;
  }
  return `${(size / 1000).toPrecision(3)} PB`;
}

function minus(text: string): string {
  return text.replace(/^-/, MINUS);
}

function grouped(text: string): string {
  const [whole = "", decimals] = text.split(".");
  const spaced = whole.replace(/\B(?=(\d{3})+$)/g, ",");
  return decimals === undefined ? spaced : `${spaced}.${decimals}`;
}

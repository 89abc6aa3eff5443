// Smoothing of a curve: a mean over neighbours, near ones first. The window is a length of steps, so
// it is the same at any zoom.

/** A smoothed line: at every x the mean of those within half a window, by their points and nearness. */
export function smoothed(
  x: number[],
  mean: (number | null)[],
  points: number[],
  window: number,
): (number | null)[] {
  const reach = window / 2;
  if (!(reach > 0)) return mean;
  let first = 0;
  return x.map((at, index) => {
    if (mean[index] == null) return null; // a gap stays one
    while ((x[first] ?? at) < at - reach) ++first;
    let sum = 0;
    let weight = 0;
    for (let other = first; other < x.length; ++other) {
      const away = Math.abs((x[other] ?? at) - at);
      if (away > reach) break;
      const value = mean[other];
      if (value == null) continue;
      const share = (points[other] ?? 1) * (1 - away / (reach + Number.EPSILON));
      sum += share * value;
      weight += share;
    }
    return weight > 0 ? sum / weight : (mean[index] ?? null);
  });
}

/** The windows a reader may choose for curves of so many steps: none, then 2, 5, 10, … of them. */
export function windowsFor(steps: number): number[] {
  const windows = [0];
  for (let power = 1; power <= steps; power *= 10) {
    for (const factor of [1, 2, 5]) {
      const window = factor * power;
      if (window > 1 && window <= steps / 2) windows.push(window);
    }
  }
  return windows;
}

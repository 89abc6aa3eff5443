// Histograms as the server stores them: equal steps from the least to the greatest value.

/** The path of a filled outline in a box, its highest bar as high as the box. */
export function outline(counts: number[], width: number, height: number): string {
  const most = Math.max(...counts, 1);
  const step = width / Math.max(counts.length, 1);
  const tops = counts.map((count, index) => {
    const y = (height - (count / most) * height).toFixed(1);
    return `L${(index * step).toFixed(1)} ${y}L${((index + 1) * step).toFixed(1)} ${y}`;
  });
  return `M0 ${height}${tops.join("")}L${width} ${height}Z`;
}

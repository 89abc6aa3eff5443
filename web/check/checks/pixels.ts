// What a chart has on its canvas.
import type { Page } from "playwright-core";

export interface Columns {
  columns: number[]; // of the plot, in CSS pixels, where the colour of a series is
  width: number;
}

/**
 * Where the first chart has the colour of its series between two heights, from 0 (the upper edge of
 * the plot) to 1. Bluer than red: the first series is blue, the grid and the paper are grey.
 */
export function seriesColumns(page: Page, from: number, to: number): Promise<Columns> {
  return page.evaluate(
    ([above, below]) => {
      const canvas = document.querySelector<HTMLCanvasElement>("figure.chart canvas");
      const plot = document.querySelector("figure.chart .u-over");
      const context = canvas?.getContext("2d");
      if (!canvas || !plot || !context) throw new Error("there is no chart");
      const [whole, part] = [canvas.getBoundingClientRect(), plot.getBoundingClientRect()];
      const scale = canvas.width / whole.width;
      const left = Math.round((part.left - whole.left) * scale);
      const top = Math.round((part.top - whole.top + part.height * above) * scale);
      const width = Math.round(part.width * scale);
      const height = Math.round(part.height * (below - above) * scale);
      const { data } = context.getImageData(left, top, width, height);
      const columns: number[] = [];
      for (let x = 0; x < width; x++) {
        for (let y = 0; y < height; y++) {
          const at = 4 * (y * width + x);
          const [red = 0, , blue = 0, alpha = 0] = data.subarray(at, at + 4);
          if (alpha > 40 && blue - red > 60) {
            columns.push(x / scale);
            break;
          }
        }
      }
      return { columns, width: width / scale };
    },
    [from, to] as const,
  );
}

/** How many marks of what no line can show are in the first chart: groups of columns in their colour. */
export function markColumns(page: Page): Promise<number> {
  return page.evaluate(() => {
    const canvas = document.querySelector<HTMLCanvasElement>("figure.chart canvas");
    const context = canvas?.getContext("2d");
    if (!canvas || !context) throw new Error("there is no chart");
    const { width, height } = canvas;
    const { data } = context.getImageData(0, 0, width, height);
    let groups = 0;
    let inside = false;
    for (let x = 0; x < width; x++) {
      let here = false;
      for (let y = 0; y < height && !here; y++) {
        const at = 4 * (y * width + x);
        const [red = 0, green = 0, blue = 0, alpha = 0] = data.subarray(at, at + 4);
        here = alpha > 100 && red - blue > 60 && red > green;
      }
      if (here && !inside) groups += 1;
      inside = here;
    }
    return groups;
  });
}

/** The picture of the first chart, to be compared with another. */
export function pictureOf(page: Page): Promise<string> {
  return page.evaluate(
    () => document.querySelector<HTMLCanvasElement>("figure.chart canvas")?.toDataURL() ?? "",
  );
}

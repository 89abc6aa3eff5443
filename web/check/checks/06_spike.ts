// One point of very many is seen at any width and zoom.
import type { Page } from "playwright-core";
import { expect, randomFrom, until, type Check, type Given } from "../harness/check.ts";
import { frames, settled } from "./look.ts";
import { seriesColumns } from "./pixels.ts";

const ZOOMS = 10;
const SHORT_ZOOMS = 2;
const PIXELS_OFF = 3; // half a bucket, and the width of a line

interface Wanted {
  from: number;
  to: number; // steps shown, the last included
}

async function captionIs(page: Page, points: number): Promise<void> {
  const text = `${points.toLocaleString("en")} points`;
  await until(`the caption "${text}"`, async () => {
    const caption = await page.locator("figure.chart figcaption").first().textContent();
    return caption?.startsWith(text) === true;
  });
}

/** The spike alone is in the upper half of the chart, and where its step is. */
async function seen(page: Page, step: number, { from, to }: Wanted, what: string) {
  await frames(page);
  const { columns, width } = await seriesColumns(page, 0.05, 0.5);
  const at = ((step - from) / (to - from)) * (width - 1);
  const bucket = width / Math.max(Math.floor(width / 32) * 32, 32);
  const here = columns.filter((x) => Math.abs(x - at) <= PIXELS_OFF + bucket);
  expect(
    here.length > 0,
    `${what}: no pixel of the spike within ${PIXELS_OFF} of ${at.toFixed(1)}`,
  );
  const stray = columns.filter((x) => Math.abs(x - at) > 12);
  expect(stray.length === 0, `${what}: ${stray.length} columns where nothing is that high`);
}

async function run(given: Given): Promise<string> {
  const { run, points, step } = given.facts.spike;
  const zoomed = given.options.short ? SHORT_ZOOMS : ZOOMS;
  const random = randomFrom(6);
  const zooms: Wanted[] = Array.from({ length: zoomed }, () => {
    const wide = Math.floor(points ** (0.4 + 0.6 * random()));
    const from = Math.max(step - Math.floor(wide * (0.1 + 0.8 * random())), 0);
    return { from, to: Math.min(from + wide, points - 1) };
  });
  let pictures = 0;
  for (const width of [1440, 300]) {
    const context = await given.newContext({ width, height: 1200 });
    const page = await context.newPage();
    for (const log of ["", "1"]) {
      for (const zoom of [undefined, ...zooms]) {
        const { from, to } = zoom ?? { from: 0, to: points - 1 };
        const asked = new URLSearchParams({ ...(log && { log }) });
        if (zoom !== undefined) asked.set("steps", `${from}..${to}`);
        await page.goto(`/${run}?${asked.toString()}`);
        await page.locator("section[aria-label=Curves]").scrollIntoViewIfNeeded();
        await settled(page);
        await captionIs(page, to - from + 1);
        await seen(
          page,
          step,
          { from, to },
          `${width} px, ${log ? "log" : "linear"}, ${from}..${to}`,
        );
        pictures += 1;
      }
    }
  }
  return `1 of ${points.toLocaleString("en")} points seen in ${pictures} pictures, captions count right`;
}

export const spike: Check = {
  number: 6,
  title: "a spike of one point is drawn at any zoom and width",
  short: true,
  run,
};

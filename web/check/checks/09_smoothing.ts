// Smoothing changes the line and nothing else.
import type { Page } from "playwright-core";
import { expect, type Check, type Given } from "../harness/check.ts";
import { captionOf, chartDrawn } from "./look.ts";
import { pictureOf, seriesColumns } from "./pixels.ts";

async function drawn(page: Page, path: string): Promise<string> {
  await page.goto(path);
  await chartDrawn(page);
  return pictureOf(page);
}

async function run(given: Given): Promise<string> {
  const { run: name, points, step } = given.facts.spike;
  const page = await (await given.newContext()).newPage();
  const [noisy = ""] = given.facts.hundred; // of which the line is seen to move
  const raw = await drawn(page, `/${noisy}`);
  const none = await drawn(page, `/${noisy}?smooth=0`);
  expect(raw !== "" && raw === none, "smoothing 0 does not draw what is drawn without it");
  const smooth = await drawn(page, `/${noisy}?smooth=100`);
  expect(smooth !== raw, "smoothing changes nothing");
  const wide = points / 10;
  await drawn(page, `/${name}?smooth=${wide}`);
  const { columns } = await seriesColumns(page, 0.05, 0.5);
  expect(columns.length > 0, "the spike is not in the band any more: the band was smoothed");
  const said = `line smoothed over ${wide.toLocaleString("en")} steps, the band is not`;
  for (const steps of ["", `&steps=${Math.max(step - wide, 0)}..${step + wide}`]) {
    await drawn(page, `/${name}?smooth=${wide}${steps}`);
    const caption = await captionOf(page);
    expect(caption.includes(said), `the caption says "${caption}"`);
  }
  return `0 draws the same picture as none; over ${wide.toLocaleString("en")} steps the spike stays in the band, also zoomed`;
}

export const smoothing: Check = {
  number: 9,
  title: "smoothing 0 is raw, and the band is never smoothed",
  short: true,
  run,
};

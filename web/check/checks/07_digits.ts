// Zoomed in to single points, a chart says what the API says, digit for digit.
import { readFile } from "node:fs/promises";
import type { Page } from "playwright-core";
import { expect, type Check, type Given } from "../harness/check.ts";
import { captionOf, chartDrawn } from "./look.ts";

const POINTS = 50;

interface Point {
  step: bigint;
  value: number;
}

async function pointsOf({ api, facts }: Given, from: number): Promise<Point[]> {
  const range = { startStep: BigInt(from), endStep: BigInt(from + POINTS) };
  const points: Point[] = [];
  for await (const { columns } of api.tracking.readMetrics({
    run: facts.spike.run,
    key: "loss",
    ...range,
  })) {
    columns?.steps.forEach((step, at) => points.push({ step, value: columns.values[at] ?? NaN }));
  }
  return points;
}

/** What stands under the cursor, dot by dot, moved by keys. */
async function readouts(page: Page): Promise<string[]> {
  const chart = page.getByRole("application").first();
  await chart.focus();
  for (let i = 0; i < POINTS; i++) await page.keyboard.press("ArrowLeft");
  const told: string[] = [];
  for (let i = 0; i < POINTS; i++) {
    told.push((await page.locator(".readout").first().textContent()) ?? "");
    await page.keyboard.press("ArrowRight");
  }
  return told;
}

async function csvOf(page: Page): Promise<string[]> {
  const [download] = await Promise.all([
    page.waitForEvent("download"),
    page.getByRole("link", { name: "CSV" }).first().click(),
  ]);
  const text = await readFile(await download.path(), "utf8");
  return text.trimEnd().split("\n").slice(1);
}

async function run(given: Given): Promise<string> {
  const { run: name, step } = given.facts.spike;
  const from = step - 20;
  const points = await pointsOf(given, from);
  expect(points.length === POINTS, `the API gives ${points.length} points`);
  const page = await given.open(`/${name}?steps=${from}..${from + POINTS - 1}`);
  await chartDrawn(page);
  const caption = await captionOf(page);
  expect(caption.startsWith(`${POINTS} points`), `the caption says "${caption}"`);
  const told = await readouts(page);
  points.forEach(({ step: at, value }, index) => {
    const wanted = `step ${at}: ${value}`;
    expect(told[index] === wanted, `dot ${index} says "${told[index]}", the API "${wanted}"`);
  });
  const csv = await csvOf(page);
  const wanted = points.map(({ step: at, value }) => `${at},${at},1,0,${value},${value},${value}`);
  const unlike = wanted.findIndex((line, index) => csv[index] !== line);
  expect(unlike < 0, `line ${unlike} of the CSV is "${csv[unlike]}", not "${wanted[unlike]}"`);
  expect(csv.length === POINTS, `the CSV has ${csv.length} lines`);
  return `${POINTS} dots and ${csv.length} lines of CSV as the API has them`;
}

export const digits: Check = {
  number: 7,
  title: "dots and CSV equal the API, digit for digit",
  short: true,
  run,
};

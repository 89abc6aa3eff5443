// A browser that has never been here opens a table of runs.
import { setTimeout as sleep } from "node:timers/promises";
import type { Browser } from "playwright-core";
import { expect, quantile, until, type Check, type Given } from "../harness/check.ts";
import { Mlflow } from "../harness/mlflow.ts";
import { rowsAreThere } from "./look.ts";

const FIRST_PAINT_MILLIS = 100;
const ROWS_MILLIS = 400;
const ROWS = 30;
/** The processes of a page that was closed are gone: what they do last is not the next page's. */
const GONE_MILLIS = 200;

interface Opened {
  paint: number;
  rows: number;
}

/** Notes when so many rows with their data are in the page. Runs in the page. */
function noteRows([selector, wanted]: readonly [string, number]): void {
  const noted = globalThis as { rowsAt?: number };
  const look = () => {
    const filled = [...document.querySelectorAll(selector)].filter((row) => {
      const text = row.textContent;
      return text.length > 8 && !row.classList.contains("waits");
    });
    if (filled.length >= wanted) noted.rowsAt = performance.now();
    else requestAnimationFrame(look);
  };
  requestAnimationFrame(look);
}

async function openCold(browser: Browser, url: string, selector: string): Promise<Opened> {
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 } });
  try {
    const page = await context.newPage();
    await page.addInitScript(noteRows, [selector, ROWS] as const);
    await page.goto(url);
    await page.waitForFunction(() => "rowsAt" in globalThis, undefined, { timeout: 30_000 });
    return await page.evaluate(() => ({
      paint: performance.getEntriesByName("first-contentful-paint")[0]?.startTime ?? NaN,
      rows: (globalThis as { rowsAt?: number }).rowsAt ?? NaN,
    }));
  } finally {
    await context.close();
  }
}

async function openOften(browser: Browser, times: number, url: string, selector: string) {
  const opened: Opened[] = [];
  // The first start of a browser's processes is not the page's.
  await openCold(browser, url, selector);
  for (let i = 0; i < times; i++) {
    await sleep(GONE_MILLIS);
    opened.push(await openCold(browser, url, selector));
  }
  const paints = opened.map(({ paint }) => paint);
  const rows = opened.map(({ rows }) => rows);
  const told = (values: number[]) =>
    `p50 ${quantile(values, 0.5).toFixed(0)}, p95 ${quantile(values, 0.95).toFixed(0)} ms`;
  return {
    paint: quantile(paints, 0.95),
    rows: quantile(rows, 0.95),
    text: `first paint ${told(paints)}, ${ROWS} rows ${told(rows)}`,
  };
}

/** Calls made before the page's scripts are there are those that they would make, and made once. */
async function asksOnce(given: Given): Promise<void> {
  const page = await (await given.newContext()).newPage();
  const asked: string[] = [];
  page.on("request", (request) => {
    const method = /TrackingService\/(\w+)$/.exec(request.url())?.[1];
    if (method !== undefined) asked.push(method);
  });
  await page.goto(`/${given.facts.experiment}`);
  await until("the first rows", () => rowsAreThere(page, 26));
  for (const method of ["GetExperiment", "ListRunFields", "SearchRuns"]) {
    const times = asked.filter((other) => other === method).length;
    expect(times === 1, `a cold page calls ${method} ${times} times: ${asked.join(", ")}`);
  }
}

async function run(given: Given): Promise<string> {
  const { browser, facts, options, server } = given;
  await asksOnce(given);
  const times = options.short ? 5 : 20;
  const url = `${server.ui}/${facts.experiment}`;
  const own = await openOften(browser, times, url, ".grid-body .grid-row");
  let text = `${facts.runs} runs, ${times} cold opens: ${own.text}`;
  const mlflow = options.short ? undefined : await Mlflow.start();
  if (mlflow === undefined) {
    text += "; MLflow is not beside it (scripts/install-deps --mlflow, without --short)";
  } else {
    try {
      const theirs = `${mlflow.base}/#/experiments/0/runs`;
      const other = await openOften(browser, Math.min(times, 5), theirs, '[role="row"], tr');
      const ratio = (other.rows / own.rows).toFixed(1);
      text += `; MLflow ${mlflow.version}, ${mlflow.runs} runs: ${other.text}, ${ratio} times as long`;
    } finally {
      await mlflow.stop();
    }
  }
  console.log(`  ${text}`);
  given.within("p95 of the first paint", own.paint, FIRST_PAINT_MILLIS);
  given.within(`p95 of the first ${ROWS} rows`, own.rows, ROWS_MILLIS);
  return text;
}

export const cold: Check = {
  number: 3,
  title: "a cold Runs page is there at once",
  short: true,
  run,
};

// A hundred runs side by side, and two that were trained on different data.
import type { Page } from "playwright-core";
import { expect, quantile, type Check, type Given } from "../harness/check.ts";
import { compareLink, frames, nodesOf, settled, textOf, timeLink } from "./look.ts";

const COMPARE_MILLIS = 250;
const CELLS_IN_VIEW = 8;
const MOST_NODES = 2_500;

const METRICS = 'section[aria-label="Metrics"]';

/** From a click on a link in the page to a table of all runs, of which those in view are drawn. */
async function timeCompare(given: Given, link: string, runs: number) {
  const page = await given.open(compareLink(given.facts.hundred.slice(0, 2)));
  await settled(page); // the page's own code is there
  const all = `${METRICS} table.compared[aria-colcount="${runs + 1}"] tbody td.number`;
  return { page, took: await timeLink(page, link, all, CELLS_IN_VIEW) };
}

interface Seen {
  name: string; // of the run over the column, and the whole of it
  title: string;
  delta: string; // of the first metric against the baseline
}

/** Scrolls the table of metrics from its first run to its last, and notes each on the way. */
async function everyColumn(page: Page): Promise<Map<number, Seen>> {
  const seen = new Map<number, Seen>();
  const box = page.locator(`${METRICS} .scroll-x`);
  for (let end = false; !end;) {
    const columns = await page.locator(`${METRICS} table.compared`).evaluate((table) =>
      [...table.querySelectorAll("thead th[aria-colindex]")].map((head) => {
        const at = head.getAttribute("aria-colindex") ?? "";
        const name = head.querySelector(".name");
        const cell = table.querySelector(`tbody td[aria-colindex="${at}"]`);
        return {
          at: Number(at),
          name: name?.textContent ?? "",
          title: name?.getAttribute("title") ?? "",
          delta: cell?.querySelector(".delta")?.textContent ?? "",
        };
      }),
    );
    for (const { at, ...column } of columns) seen.set(at, column);
    end = await box.evaluate((element) => {
      const before = element.scrollLeft;
      element.scrollLeft += element.clientWidth / 2;
      return element.scrollLeft === before;
    });
    await frames(page);
  }
  return seen;
}

async function run(given: Given): Promise<string> {
  const { hundred } = given.facts;
  const times: number[] = [];
  for (let i = 0; i < (given.options.short ? 2 : 8); i++) {
    const { page, took } = await timeCompare(given, compareLink(hundred), hundred.length);
    times.push(took);
    await page.context().close();
  }
  const { page } = await timeCompare(given, compareLink(hundred), hundred.length);
  const nodes = await nodesOf(page);
  expect(nodes <= MOST_NODES, `the page has ${nodes} nodes`);
  const params = page.locator('section[aria-label^="Parameters"]');
  const text = await textOf(params);
  expect(text.includes("rate") && !/\bsame\b/.test(text), "also params that are equal are shown");
  await page.keyboard.press("d");
  await page.locator('section[aria-label="Parameters"]', { hasText: "same" }).waitFor();
  const columns = await everyColumn(page);
  expect(columns.size === hundred.length, `${columns.size} runs have a column`);
  const cut = [...columns.values()].find(
    ({ name, title }) => !/^compared \d+$/.test(name) || title === "",
  );
  expect(cut === undefined, `the name of a run is cut: ${cut?.name}`);
  const unsigned = [...columns].find(([at, { delta }]) => at > 2 && !/^\s*[+−±]/.test(delta));
  expect(unsigned === undefined, `a delta without a sign: ${unsigned?.[1].delta}`);
  const p95 = quantile(times, 0.95);
  given.within("p95 of comparing 100 runs", p95, COMPARE_MILLIS);
  return `${hundred.length} runs: p50 ${quantile(times, 0.5).toFixed(0)}, p95 ${p95.toFixed(0)} ms; ${nodes} nodes; signed deltas, differing params only`;
}

export const compare: Check = {
  number: 16,
  title: "a hundred runs are compared at once",
  short: true,
  run,
};

async function runDiffering(given: Given): Promise<string> {
  const page = await given.open(compareLink(given.facts.differing));
  await settled(page);
  const warning = page.getByRole("alert");
  const text = await textOf(warning.first());
  expect(/different data/.test(text), `the warning says "${text}"`);
  for (const version of [1, 2]) {
    const named = `datasets/compared/versions/${version}`;
    expect(
      text.includes(named) || text.includes(`compared@${version}`),
      `it does not name ${named}`,
    );
    const link = warning.locator(`a[href="/${named}"]`);
    expect((await link.count()) === 1, `the warning has no link to ${named}`);
  }
  const same = await given.open(compareLink(given.facts.hundred.slice(0, 2)));
  await settled(same);
  expect((await same.getByRole("alert").count()) === 0, "runs on the same data are warned of");
  return "warned with both data sets by name and link; runs on the same data are not";
}

export const differing: Check = {
  number: 17,
  title: "runs on different data are warned of, with the reason",
  short: true,
  run: runDiffering,
};

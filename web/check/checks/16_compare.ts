// A hundred runs side by side, and two that were trained on different data.
import { expect, quantile, type Check, type Given } from "../harness/check.ts";
import { compareLink, settled, textOf, timeLink } from "./look.ts";

const COMPARE_MILLIS = 250;

/** From a click on a link in the page to a column for each run, and one for the names of metrics. */
async function timeCompare(given: Given, link: string, runs: number) {
  const page = await given.open(compareLink(given.facts.hundred.slice(0, 2)));
  await settled(page); // the page's own code is there
  const heads = 'section[aria-label="Metrics"] table.compared th';
  return { page, took: await timeLink(page, link, heads, runs + 1) };
}

async function run(given: Given): Promise<string> {
  const { hundred } = given.facts;
  const times: number[] = [];
  for (let i = 0; i < (given.options.short ? 2 : 8); i++) {
    const { page, took } = await timeCompare(given, compareLink(hundred), hundred.length);
    times.push(took);
    if (i > 0) await page.context().close();
  }
  const { page } = await timeCompare(given, compareLink(hundred), hundred.length);
  const params = page.locator('section[aria-label^="Parameters"]');
  const text = await textOf(params);
  expect(text.includes("rate") && !/\bsame\b/.test(text), "also params that are equal are shown");
  await page.keyboard.press("d");
  await page.locator('section[aria-label="Parameters"]', { hasText: "same" }).waitFor();
  const deltas = await page.locator(".delta").allTextContents();
  const unsigned = deltas.filter((delta) => !/^\s*[+−±]/.test(delta));
  expect(deltas.length >= 99 && unsigned.length === 0, `deltas without a sign: ${unsigned[0]}`);
  const heads = page.locator("table.compared thead").first().locator("th .name");
  const names = await heads.allTextContents();
  const titled = await heads.evaluateAll((all) =>
    all.every((name) => (name.getAttribute("title") ?? "") !== ""),
  );
  expect(
    names.every((name) => /^compared \d+$/.test(name)) && titled,
    `names of runs are cut: ${names.slice(0, 3).join(", ")}`,
  );
  const p95 = quantile(times, 0.95);
  given.within("p95 of comparing 100 runs", p95, COMPARE_MILLIS);
  return `${hundred.length} runs: p50 ${quantile(times, 0.5).toFixed(0)}, p95 ${p95.toFixed(0)} ms; ${deltas.length} signed deltas, differing params only`;
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

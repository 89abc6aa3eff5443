// The address is the page: reload, back, forward and a new window show the same.
import type { Page } from "playwright-core";
import { expect, until, type Check, type Given } from "../harness/check.ts";
import { rowsAreThere, runsInView, settled } from "./look.ts";

const MOST_LETTERS = 200;
const FILTER = "params.k = 4";

/** What a reader sees of a table: its columns, their order, and the first runs. */
async function tableOf(page: Page): Promise<string> {
  await until("rows", () => rowsAreThere(page, 10));
  await settled(page);
  const heads = await page.locator("[role=columnheader]").allTextContents();
  const rows = (await runsInView(page)).slice(0, 20).map(({ run }) => run);
  const chosen = await page.locator(".grid-body input:checked").count();
  const filter = await page.getByLabel("Filter").inputValue();
  return JSON.stringify({ heads, rows, filter, chosen });
}

async function chartOf(page: Page): Promise<string> {
  await settled(page);
  return (await page.locator("figure.chart figcaption").first().textContent()) ?? "";
}

async function same(what: string, wanted: string, seen: Promise<string>): Promise<void> {
  const found = await seen;
  expect(found === wanted, `${what}: ${found.slice(0, 300)} instead of ${wanted.slice(0, 300)}`);
}

/** A filter, an order, other columns: all by what a person would do. */
async function tableMadeByHand({ facts }: Given, page: Page): Promise<void> {
  await page.goto(`/${facts.experiment}`);
  await until("rows", () => rowsAreThere(page, 10));
  await page.getByLabel("Filter").fill(FILTER);
  await page.keyboard.press("Enter");
  await page.locator("[role=columnheader] button", { hasText: "loss" }).click();
  await page.getByRole("button", { name: "Columns" }).click();
  await page.getByLabel("Find a column").fill("warmup");
  await page.getByLabel("params.warmup").check();
  await page.getByRole("button", { name: "Columns" }).click();
}

async function zoomedByHand({ facts }: Given, page: Page): Promise<void> {
  await page.goto(`/${facts.odd.run}`);
  await settled(page);
  const plot = page.locator("figure.chart .u-over").first();
  await plot.scrollIntoViewIfNeeded();
  const box = await plot.boundingBox();
  expect(box !== null, "there is no chart");
  const y = box.y + box.height / 2;
  await page.mouse.move(box.x + box.width * 0.2, y);
  await page.mouse.down();
  await page.mouse.move(box.x + box.width * 0.6, y, { steps: 4 });
  await page.mouse.up();
  await until("the zoom stands in the address", () =>
    Promise.resolve(page.url().includes("steps=")),
  );
}

/** The link that the page offers. */
async function linkOf(page: Page): Promise<string> {
  await page.getByRole("button", { name: "Link", exact: true }).click();
  await page.getByText("Link copied").waitFor();
  return page.evaluate(() => navigator.clipboard.readText());
}

async function reloaded(page: Page, look: (page: Page) => Promise<string>): Promise<string> {
  await page.reload();
  return look(page);
}

async function run(given: Given): Promise<string> {
  const context = await given.newContext();
  const page = await context.newPage();
  await tableMadeByHand(given, page);
  const [table, tableUrl] = [await tableOf(page), await linkOf(page)];
  await same("after a reload", table, reloaded(page, tableOf));
  await zoomedByHand(given, page);
  const [chart, chartUrl] = [await chartOf(page), await linkOf(page)];
  await same("zoom after a reload", chart, reloaded(page, chartOf));
  await page.goBack();
  await same("after going back", table, tableOf(page));
  await page.goForward();
  await same("zoom after going forward", chart, chartOf(page));
  const other = await (await given.newContext()).newPage();
  await other.goto(tableUrl);
  await same("in a new window", table, tableOf(other));
  await other.goto(chartUrl);
  await same("zoom in a new window", chart, chartOf(other));

  const selection = await selectionKept(given, page);
  const links = [tableUrl, chartUrl, ...selection.links];
  const longest = links.reduce((most, link) => (link.length > most.length ? link : most), "");
  const problems = [
    ...(selection.kept ? [] : ["chosen runs are not chosen any more after a reload"]),
    ...(longest.length > MOST_LETTERS
      ? [`a link has ${longest.length} letters: ${new URL(longest).pathname}?…`]
      : []),
  ];
  expect(problems.length === 0, problems.join("; "));
  return `table, zoom and selection kept by reload, back, forward and a new window; longest link ${longest.length} letters`;
}

/** Ten runs are chosen, then compared. */
async function selectionKept({ facts }: Given, page: Page) {
  await page.goto(`/${facts.experiment}`);
  await until("rows", () => rowsAreThere(page, 10));
  const boxes = page.locator(".grid-body input[type=checkbox]");
  for (let index = 0; index < 10; index++) await boxes.nth(index).check();
  const chosen = await tableOf(page);
  const kept = (await reloaded(page, tableOf)) === chosen;
  await page.getByRole("button", { name: /^Compare/ }).click();
  await page.locator("table.compared").first().waitFor();
  return { kept, links: [page.url(), await linkOf(page)] };
}

export const address: Check = {
  number: 14,
  title: "reload, back, forward and a shared link show the same",
  short: true,
  run,
};

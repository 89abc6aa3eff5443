// What several checks read from a page.
import type { Locator, Page } from "playwright-core";
import { expect, until } from "../harness/check.ts";

export const ROWS = ".grid-body .grid-row";

/** Whether `least` rows are there and none of those in view still waits for its data. */
export async function rowsAreThere(page: Page, least = 1): Promise<boolean> {
  return page.evaluate(
    ([rows, wanted]) => {
      const all = [...document.querySelectorAll(rows)];
      const waits = all.some((row) => row.classList.contains("waits"));
      return all.length >= wanted && !waits;
    },
    [ROWS, least] as const,
  );
}

/** The runs in view, in their order: index of the row and the run's resource name. */
export async function runsInView(page: Page): Promise<{ index: number; run: string }[]> {
  return page.locator(ROWS).evaluateAll((rows) =>
    rows
      .map((row) => ({
        index: Number(row.getAttribute("aria-rowindex")) - 2,
        run: row.querySelector("a.name")?.getAttribute("title") ?? "",
      }))
      .sort((a, b) => a.index - b.index),
  );
}

/** The page's own text, without what only helps those who listen. */
export async function textOf(place: Page | Locator): Promise<string> {
  const body = "goto" in place ? place.locator("body") : place;
  return ((await body.textContent()) ?? "").replaceAll(/\s+/g, " ");
}

/** Says what the page's console and its scripts complain about. */
export function complaintsOf(page: Page): string[] {
  const complaints: string[] = [];
  page.on("console", (message) => {
    if (message.type() === "error" || message.type() === "warning") complaints.push(message.text());
  });
  page.on("pageerror", (error) => complaints.push(error.message));
  return complaints;
}

/** Whether something in view waits for its data; charts below are read when they come into view. */
function waits(page: Page): Promise<boolean> {
  return page.evaluate(() =>
    [...document.querySelectorAll('.skeleton, [aria-busy="true"]')].some((element) => {
      const { top, bottom, height } = element.getBoundingClientRect();
      return height > 0 && bottom > 0 && top < innerHeight;
    }),
  );
}

/** Waits until nothing in view is being read and what was read is drawn. */
export async function settled(page: Page): Promise<void> {
  await page.waitForLoadState("load");
  await page.locator("h1, form").first().waitFor();
  await until(`${page.url().slice(0, 120)} is read`, async () => !(await waits(page)));
  await frames(page);
}

/** Waits until the head line says this of the stream; gives how long that took. */
export async function liveIs(page: Page, state: string, millis = 10_000): Promise<number> {
  const badge = page.locator(".live");
  const is = async () => (await badge.getAttribute("data-state")) === state;
  return until(`the head line says "${state}"`, is, millis);
}

/** Waits until the first chart is in view and drawn. */
export async function chartDrawn(page: Page): Promise<void> {
  await page.getByRole("application").first().scrollIntoViewIfNeeded();
  await settled(page);
}

/** What the first chart says of itself. */
export async function captionOf(page: Page): Promise<string> {
  return (await page.locator("figcaption").first().textContent()) ?? "";
}

export function compareLink(runs: string[]): string {
  return `/compare?runs=${runs.map(encodeURIComponent).join(",")}`;
}

/** Milliseconds from a click on a link to at least so many elements, drawn; in any case an end. */
export async function timeLink(page: Page, href: string, selector: string, least: number) {
  const took = await page.evaluate(
    ([to, wanted, count]) =>
      new Promise<number>((drawn) => {
        const anchor = document.createElement("a");
        anchor.href = to;
        document.body.append(anchor);
        const begin = performance.now();
        anchor.click();
        anchor.remove();
        const look = () => {
          const late = performance.now() - begin > 20_000;
          const there = late || document.querySelectorAll(wanted).length >= count;
          requestAnimationFrame(there ? () => drawn(performance.now() - begin) : look);
        };
        requestAnimationFrame(look);
      }),
    [href, selector, least] as const,
  );
  expect(took < 20_000, `${href.slice(0, 60)} does not show ${least} of "${selector}"`);
  return took;
}

/** Two frames of animation: what was changed before is on the screen. */
export async function frames(page: Page): Promise<void> {
  await page.evaluate(
    () =>
      new Promise<void>((drawn) =>
        requestAnimationFrame(() => requestAnimationFrame(() => drawn())),
      ),
  );
}

/** Elements of the page. */
export function nodesOf(page: Page): Promise<number> {
  return page.evaluate(() => document.querySelectorAll("*").length);
}

/** The pages of the UI that show something of the fixture. */
export function tenPages(facts: {
  experiment: string;
  spike: { run: string };
  odd: { run: string };
  hundred: string[];
  model: string;
  decisions: { channel: string; name: string }[];
}): [title: string, path: string][] {
  const [decision] = facts.decisions;
  const pages: [string, string][] = [
    ["Now", "/"],
    ["Experiments", "/experiments"],
    ["Runs", `/${facts.experiment}`],
    ["Run", `/${facts.odd.run}`],
    ["Compare", compareLink(facts.hundred.slice(0, 4))],
    ["Data", "/datasets"],
    ["Data set", "/datasets/compared"],
    ["Activity", "/activity"],
  ];
  if (facts.model === "" || decision === undefined) return pages;
  return [
    ...pages,
    ["Data set version", "/datasets/retail-features/versions/1"],
    ["Models", "/models"],
    ["Model", `/${facts.model}`],
    ["Version", `/${facts.model}/versions/1`],
    ["Channel", `/${decision.channel}`],
    ["Decision", `/${decision.name}`],
    ["Lineage", `/lineage/${facts.model}/versions/1`],
  ];
}

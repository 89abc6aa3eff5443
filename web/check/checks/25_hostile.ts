// Names and files that would do harm: nothing runs, nothing hangs, the layout holds.
import type { Page } from "playwright-core";
import { expect, type Check, type Given } from "../harness/check.ts";
import { compareLink, settled } from "./look.ts";

const ANSWERS_MILLIS = 1_000;

async function unharmed(page: Page, what: string): Promise<void> {
  const harmed = await page.evaluate(() => (globalThis as { harmed?: unknown }).harmed);
  expect(harmed === undefined, `${what}: a script ran (${String(harmed)})`);
  const links = await page.locator('[href^="javascript:" i], [src^="javascript:" i]').count();
  expect(links === 0, `${what}: ${links} links run a script`);
  const within = await page.evaluate(() => ({
    page: document.documentElement.scrollWidth,
    window: innerWidth,
  }));
  expect(within.page <= within.window, `${what}: ${within.page} px wide in ${within.window} px`);
  const high = await page.locator(".grid-body .cell").evaluateAll(
    (cells) =>
      cells.filter((cell) => {
        const row = cell.parentElement?.getBoundingClientRect().height ?? 0;
        return cell.getBoundingClientRect().height > row;
      }).length,
  );
  expect(high === 0, `${what}: ${high} cells are higher than their row`);
  const begin = performance.now();
  await page.evaluate(() => document.body.offsetHeight);
  expect(performance.now() - begin < ANSWERS_MILLIS, `${what}: the page hangs`);
}

async function openFiles(page: Page): Promise<number> {
  const files = page.locator('section[aria-label="Files"] button.mono');
  const names = await files.allTextContents();
  for (const name of names) {
    await page.getByRole("button", { name, exact: true }).click();
    await page.locator(".preview").first().waitFor();
    await settled(page);
    await unharmed(page, name);
    const framed = await page.locator("iframe, object, embed").count();
    expect(framed === 0, `${name} is shown in a frame`);
    await page.getByRole("button", { name, exact: true }).click();
  }
  return names.length;
}

async function run(given: Given): Promise<string> {
  const { experiment, run: hostile } = given.facts.hostile;
  const paths = [
    "/",
    "/experiments",
    `/${experiment}`,
    `/${experiment}?columns=params.link,params.html,tags.turned,tags.long`,
    `/${experiment}?q=${encodeURIComponent('params.html != "<script>window.harmed=1</script>"')}`,
    `/${hostile}`,
    compareLink([hostile, given.facts.odd.run]),
    "/activity",
    `/lineage/${hostile}`,
    `/experiments/<script>window.harmed=1</script>`,
    `/models/${encodeURIComponent("javascript:alert(1)")}`,
  ];
  let files = 0;
  for (const width of [1440, 390]) {
    const page = await (await given.newContext({ width })).newPage();
    page.on("dialog", () => expect(false, "a dialog opened"));
    for (const path of paths) {
      await page.goto(path);
      await settled(page);
      await unharmed(page, `${path.slice(0, 60)} at ${width} px`);
    }
    await page.goto(`/${hostile}`);
    await settled(page);
    files = await openFiles(page);
    await page.keyboard.press("Control+k");
    await page.getByRole("combobox").fill("script");
    await settled(page);
    await unharmed(page, "the palette");
  }
  return `${paths.length} pages and ${files} files at two widths: nothing ran, nothing hung, no page wider than its window`;
}

export const hostile: Check = {
  number: 25,
  title: "hostile names and files are only text",
  short: true,
  run,
};

// A whole journey without a mouse, and what axe finds on every page in both themes.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import type { Page } from "playwright-core";
import { expect, needsModel, until, type Check, type Given } from "../harness/check.ts";
import { frames, rowsAreThere, settled, tenPages } from "./look.ts";

const AXE = createRequire(import.meta.url).resolve("axe-core/axe.min.js");
const MOST_TABS = 80;

interface Finding {
  id: string;
  impact: string;
  nodes: { target: string[] }[];
}

/** What axe holds for serious or worse. It is run by the debugger: the page's policy forbids scripts. */
async function findingsOn(page: Page, axe: string): Promise<string[]> {
  await page.evaluate(axe);
  const findings = await page.evaluate(async () => {
    const { axe: tool } = globalThis as unknown as {
      axe: { run: () => Promise<{ violations: Finding[] }> };
    };
    return (await tool.run()).violations;
  });
  return findings
    .filter(({ impact }) => impact === "serious" || impact === "critical")
    .map(({ id, nodes }) => `${id} (${nodes.length}: ${nodes[0]?.target.join(" ") ?? ""})`);
}

async function accessible(given: Given): Promise<string> {
  const axe = readFileSync(AXE, "utf8");
  const all = tenPages(given.facts);
  const pages = given.options.short ? all.slice(0, 4) : all;
  const problems: string[] = [];
  for (const theme of ["light", "dark"] as const) {
    const page = await given.open("/", { theme });
    for (const [title, path] of pages) {
      await page.goto(path);
      await settled(page);
      const findings = await findingsOn(page, axe);
      problems.push(...findings.map((finding) => `${title}, ${theme}: ${finding}`));
    }
  }
  expect(problems.length === 0, problems.join("; "));
  return `axe: nothing serious on ${pages.length} pages in two themes`;
}

/** Goes on by Tab until the focus is on what is called so; gives how often that was. */
async function tabTo(page: Page, name: RegExp): Promise<number> {
  for (let tabs = 1; tabs <= MOST_TABS; tabs++) {
    await page.keyboard.press("Tab");
    const at = await page.evaluate(() => {
      const focus = document.activeElement;
      const ring = focus === null ? "" : getComputedStyle(focus).outlineStyle;
      return { text: focus?.getAttribute("aria-label") ?? focus?.textContent ?? "", ring };
    });
    if (name.test(at.text.trim())) {
      expect(at.ring !== "none", `the focus on "${at.text.trim().slice(0, 40)}" cannot be seen`);
      return tabs;
    }
  }
  expect(false, `${MOST_TABS} times Tab do not lead to ${String(name)}`);
}

async function pathIs(page: Page, path: RegExp): Promise<void> {
  const arrived = () => Promise.resolve(path.test(new URL(page.url()).pathname));
  await until(`the page ${String(path)}`, arrived);
  await settled(page);
}

/** Finds a run, compares it, opens the version it became, reads the decision, promotes. */
async function journey(given: Given): Promise<string> {
  const page = await given.open("/");
  const { keyboard } = page;
  await settled(page);
  await keyboard.press("g");
  await keyboard.press("r");
  await pathIs(page, /^\/experiments$/);
  await keyboard.press("Control+k");
  await page.getByRole("combobox").waitFor();
  await keyboard.type("customer-segmentation");
  await page
    .getByRole("option", { name: /experiment/ })
    .first()
    .waitFor();
  while (!/experiment/.test((await page.locator('[aria-selected="true"]').textContent()) ?? "")) {
    await keyboard.press("ArrowDown");
  }
  await keyboard.press("Enter");
  await pathIs(page, /^\/experiments\/[^/]+$/);
  await until("runs", () => rowsAreThere(page, 2));
  for (const key of ["j", "x", "j", "x", "c"]) {
    await keyboard.press(key);
    await frames(page); // nobody is quicker
  }
  await pathIs(page, /^\/compare$/);
  let tabs = await tabTo(page, /k=\d/);
  await keyboard.press("Enter");
  await pathIs(page, /\/runs\//);
  tabs += await tabTo(page, /^customer-segments@\d+$/);
  await keyboard.press("Enter");
  await pathIs(page, /\/versions\/\d+$/);
  tabs += await tabTo(page, /^decision /);
  await keyboard.press("Enter");
  await pathIs(page, /\/decisions\//);
  tabs += await tabTo(page, /^(production|refusing|unsure|broken|chosen)$/);
  await keyboard.press("Enter");
  await pathIs(page, /\/channels\/[^/]+$/);
  tabs += await approve(page);
  return `${tabs} times Tab from the run to a promotion asked for and answered`;
}

/** Asks the policy: the dialog's dry run, then the verb. What it answers is the policy's affair. */
async function approve(page: Page): Promise<number> {
  const tabs = await tabTo(page, /^Promote/);
  await page.keyboard.press("Enter");
  await page.locator("dialog[open]").waitFor();
  await page.getByText("This is a dry run").waitFor();
  const more = await tabTo(page, /^(Promote|Store this decision)/);
  await page.keyboard.press("Enter");
  await until("the answer", async () => {
    const said =
      (await page
        .locator(".said")
        .textContent()
        .catch(() => "")) ?? "";
    return said.startsWith("Done") || (await page.locator("dialog[open] .failed").count()) > 0;
  });
  return tabs + more;
}

async function run(given: Given): Promise<string> {
  needsModel(given.facts.model !== "");
  const went = await journey(given);
  return `${went}; ${await accessible(given)}`;
}

export const keyboard: Check = {
  number: 23,
  title: "the whole journey by keyboard only, and nothing serious for axe",
  short: true,
  run,
};

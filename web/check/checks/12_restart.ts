// The server dies and comes back: pages say so, keep what they show, and miss nothing.
import type { Page } from "playwright-core";
import { expect, until, type Check, type Given } from "../harness/check.ts";
import { liveIs, rowsAreThere, settled, textOf } from "./look.ts";

const FEED = 'section[aria-label="Now"] tr';

/** Makes a run that the feed of changes will name. */
async function newRun({ api, facts }: Given, displayName: string): Promise<string> {
  const run = await api.tracking.createRun({ parent: facts.wide, run: { displayName } });
  return run.name;
}

/** How often the feed names the creation of each run. */
async function timesTold(page: Page, runs: string[]): Promise<number[]> {
  const rows = await page
    .locator(FEED)
    .evaluateAll((all) => all.map((row) => `${row.innerHTML} ${row.textContent}`));
  return runs.map((run) => rows.filter((row) => row.includes(run) && /created/i.test(row)).length);
}

async function run(given: Given): Promise<string> {
  const { server, facts } = given;
  const context = await given.newContext();
  const [feed, table, single] = [
    await context.newPage(),
    await context.newPage(),
    await context.newPage(),
  ];
  await feed.goto("/activity");
  await table.goto(`/${facts.experiment}`);
  await single.goto(`/${facts.odd.run}`);
  for (const page of [feed, table, single]) await liveIs(page, "live");
  await until("rows", () => rowsAreThere(table, 26));
  await settled(single);
  const before = await newRun(given, "before the fall");
  await until("the feed tells it", async () => (await timesTold(feed, [before]))[0] === 1);
  const shown = await textOf(single.locator("main"));

  await server.kill();
  const noticed = Math.max(
    await liveIs(single, "broken"),
    await liveIs(table, "broken"),
    await liveIs(feed, "broken"),
  );
  const says = await single.locator(".live").textContent();
  expect(says?.includes("lost") === true, `the head line says "${says}"`);
  expect(await rowsAreThere(table, 26), "the rows of the table are gone");
  const kept = await textOf(single.locator("main"));
  expect(kept.length >= shown.length, "the page of a run lost a part of what it showed");
  const greyed = await single.locator(".stale").count();
  expect(greyed > 0, "what is shown is not greyed while the server is away");
  const aged = /read .* ago|connection lost .*/i.test(await textOf(single));
  expect(aged, "what is shown has no age");

  await server.start();
  const during = await newRun(given, "while it came back");
  let resumed = 0;
  for (const page of [feed, table, single])
    resumed = Math.max(resumed, await liveIs(page, "live", 20_000));
  const after = await newRun(given, "after the fall");
  await until("the feed tells the last run", async () => (await timesTold(feed, [after]))[0] === 1);
  const told = await timesTold(feed, [before, during, after]);
  expect(told.join() === "1,1,1", `the feed tells the three runs ${told.join(", ")} times`);
  await until("grey goes", async () => (await single.locator(".stale").count()) === 0);
  return `noticed within ${noticed.toFixed(0)} ms, live again ${resumed.toFixed(0)} ms after the server, 3 runs told once each`;
}

export const restart: Check = {
  number: 12,
  title: "the server is killed and comes back, and nothing is lost or told twice",
  short: true,
  run,
};

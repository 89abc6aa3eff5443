// A link that is frozen at a revision shows the same, whatever was written since.
import type { Page } from "playwright-core";
import { expect, needsModel, type Check, type Given } from "../harness/check.ts";
import { lastOf } from "../../src/text/names.ts";
import { liveIs, settled, textOf } from "./look.ts";

const WRITES = 50;

/** What a channel's page says, but for how long ago it was. */
async function said(page: Page): Promise<string> {
  await settled(page);
  const text = await textOf(page.locator("main"));
  return text.replaceAll(/just now|\d+ (s|min|h|d|days?|weeks?) ago/g, "then");
}

/** The sentence of a page on how what it shows stands to a revision. */
async function standing(given: Given, path: string, revision: string): Promise<string> {
  const page = await given.open(`${path}?at=${revision}`);
  const notice = page.locator(".notice", { hasText: `revision ${revision}` });
  await notice.filter({ hasNotText: "Reading" }).waitFor();
  const text = await textOf(notice);
  await page.context().close();
  return text;
}

/** Pages of what the server keeps no past of tell what changed since, or that they know nothing. */
async function othersTell(given: Given, revision: string): Promise<number> {
  const { api, facts } = given;
  const { name } = await api.tracking.createRun({
    parent: facts.wide,
    run: { displayName: "new" },
  });
  await api.tracking.logBatch({ run: facts.odd.run, tags: { since: "yes" } });
  const wanted: [string, string][] = [
    ["/datasets", `This page shows now, not revision ${revision}`],
    ["/datasets/compared", "nothing of it has changed since"],
    ["/datasets/compared/versions/1", "nothing of it has changed since"],
    [`/${facts.hostile.run}`, "nothing of it has changed since"],
    [`/${facts.odd.run}`, "changed once; last: run logged"],
    [`/${name}`, `Not there yet at revision ${revision}`],
    [`/${facts.experiment}`, `${WRITES} made; last: run created`],
  ];
  for (const [path, words] of wanted) {
    const told = await standing(given, path, revision);
    expect(told.includes(words), `${path} says "${told}", not "${words}"`);
  }
  const table = await given.open(`/${facts.experiment}?at=${revision}`);
  await table.getByText("made since").first().waitFor();
  return wanted.length;
}

async function run(given: Given): Promise<string> {
  const { api, facts, server } = given;
  needsModel(facts.model !== "");
  const model = lastOf(facts.model);
  const channel = `${facts.model}/channels/moving`;
  const page = await given.open(`/${channel}`);
  await settled(page);
  await liveIs(page, "live");
  await page.getByRole("button", { name: "Freeze" }).click();
  await page.getByText("As it was at revision").waitFor();
  const before = await said(page);
  const link = page.url();

  const { version } = await api.registry.getChannel({ name: channel });
  const other = version.endsWith("/1") ? 2 : 1;
  const as = ["--channel", "moving", "--reason", "a check"];
  await server.mlctl("override", `${model}@${other}`, ...as);
  await server.mlctl("rollback", model, ...as);
  await server.mlctl("release", `${model}@${other}`, ...as);
  for (let index = 0; index < WRITES; index++) {
    await api.tracking.createRun({ parent: facts.experiment, run: { displayName: "since" } });
  }

  const later = await given.open(link);
  const after = await said(later);
  const at = Array.from(before).findIndex((letter, index) => letter !== after[index]);
  const around = (text: string) => text.slice(Math.max(at - 60, 0), at + 60);
  expect(after === before, `"${around(before)}" has become "${around(after)}"`);
  await later.getByRole("button", { name: "Back to now" }).click();
  const now = await said(later);
  expect(now !== before, "now is what was then");
  const others = await othersTell(given, new URL(link).searchParams.get("at") ?? "");
  return `the same after ${WRITES} runs and three decisions, and not the same as now; ${others} pages of runs and data sets tell what changed since`;
}

export const frozen: Check = {
  number: 15,
  title: "a frozen link shows the same after later writes",
  short: true,
  run,
};

// A decision's page says what `mlctl why` says, check by check, and has it made again.
import type { Page } from "playwright-core";
import { expect, needsModel, until, type Check, type Given } from "../harness/check.ts";
import type { DecisionFact } from "../fixture/facts.ts";
import { spoken } from "../../src/text/names.ts";
import { settled, textOf } from "./look.ts";

const KINDS = ["pass", "fail", "inconclusive", "error", "override"];

interface Candidate {
  version: string;
  message: string;
  checks?: { id: string; message: string; evidence?: string[] }[];
  wouldFlip?: string[];
}

interface Why {
  decision: { name: string; message: string; reason?: string; candidates?: Candidate[] };
}

function plain(text: string): string {
  return text.replaceAll(/\s+/g, " ").trim();
}

/** Opens each candidate in turn; every sentence about it has to be there. */
async function candidatesAreTold(page: Page, kind: string, candidates: Candidate[]) {
  let told = 0;
  const buttons = page.locator('section[aria-label^="Candidates"] li button');
  const shown = await buttons.count();
  expect(shown === candidates.length, `${kind}: ${shown} candidates, not ${candidates.length}`);
  for (const candidate of candidates) {
    const version = spoken(candidate.version);
    await buttons.filter({ hasText: version }).first().click();
    await settled(page);
    const text = await textOf(page.locator("main"));
    const sentences = [
      candidate.message,
      ...(candidate.checks ?? []).flatMap(({ id, message }) => [id, message]),
      ...(candidate.wouldFlip ?? []),
    ];
    const missing = sentences.map(plain).filter((sentence) => !text.includes(sentence));
    expect(missing.length === 0, `${kind}, ${version}: the page lacks "${missing.join('", "')}"`);
    told += sentences.length;
  }
  return told;
}

/** Every link of the page leads to a page that shows something. */
async function linksResolve(
  given: Given,
  page: Page,
  kind: string,
  known: ReadonlySet<string>,
): Promise<string[]> {
  const found = await page
    .locator("main a[href^='/']")
    .evaluateAll((links) => links.map((link) => link.getAttribute("href") ?? ""));
  const links = [...new Set(found)].filter((link) => !known.has(link));
  const other = await given.open("/");
  for (const link of links) {
    await other.goto(link);
    await settled(other);
    const wrong = other.locator(".notice.failed, h1:has-text('No such page')");
    expect((await wrong.count()) === 0, `${kind}: ${link} leads nowhere`);
  }
  await other.context().close();
  return links;
}

/** Has the server make the decision again: a policy judged in all of them, so all are computed. */
async function isReplayed(given: Given, page: Page, fact: DecisionFact): Promise<void> {
  const told = page.locator('section[aria-label="Replay"]');
  await told.getByRole("button", { name: "Replay", exact: true }).click();
  let text = "";
  await until("an answer to Replay", async () => {
    text = plain(await textOf(told));
    const answers = await told.locator("[role=status] *, .notice").count();
    return answers > 0 && !text.includes("making it again");
  });
  const answer = await given.api.promotion.replayDecision({ name: fact.name });
  expect(
    text.includes("✓") && text.includes("byte-identical") && text.includes(plain(answer.message)),
    `${fact.kind}: replayed the page says "${text}", the server "${answer.message}"`,
  );
  const digest = told.locator(`button[title="${answer.sha256}"]`);
  expect((await digest.count()) === 1, `${fact.kind}: the digest ${answer.sha256} is not there`);
}

/** Opens what is different against the decision before; false where there is none. */
async function comparesWithBefore(given: Given, page: Page, fact: DecisionFact): Promise<boolean> {
  const { decisions } = await given.api.promotion.listDecisions({ parent: fact.channel });
  const before = decisions[decisions.findIndex(({ name }) => name === fact.name) + 1];
  const panel = page.locator('section[aria-label="Against the decision before"]');
  expect(
    (await panel.count()) === (before === undefined ? 0 : 1),
    `${fact.kind}: ${before === undefined ? "compared with nothing" : "not compared"}`,
  );
  if (before === undefined) return false;
  await panel.locator("summary").click();
  await panel.getByText("Checks of versions in both").waitFor();
  const text = await textOf(panel);
  expect(text.includes(plain(before.message)), `${fact.kind}: lacks "${before.message}"`);
  return true;
}

async function oneDecision(given: Given, fact: DecisionFact, known: ReadonlySet<string>) {
  const { server } = given;
  const channel = spoken(fact.channel);
  const { decision } = JSON.parse(await server.mlctl("why", channel, "-o", "json")) as Why;
  expect(decision.name === fact.name, `mlctl why ${channel} tells another decision`);
  const page = await given.open(`/${fact.name}`);
  await settled(page);
  const line = plain((await page.locator(".verdict-line").textContent()) ?? "");
  expect(
    line.endsWith(plain(decision.message)),
    `${fact.kind}: the page says "${line}", mlctl "${decision.message}"`,
  );
  if (decision.reason !== undefined) {
    const text = await textOf(page.locator("main"));
    expect(text.includes(decision.reason), `${fact.kind}: the reason is not there`);
  }
  await isReplayed(given, page, fact);
  const compared = await comparesWithBefore(given, page, fact);
  // As people read it: every message of the table that `mlctl why` prints is on the page too.
  const told = await candidatesAreTold(page, fact.kind, decision.candidates ?? []);
  const tries = !given.options.short || known.size === 0; // a page for each link takes its time
  const links = tries ? await linksResolve(given, page, fact.kind, known) : [];
  return { told, links, compared };
}

async function run(given: Given): Promise<string> {
  const { decisions } = given.facts;
  needsModel(decisions.length > 0);
  const kinds = decisions.map(({ kind }) => kind);
  expect(
    KINDS.every((kind) => kinds.includes(kind)),
    `the fixture has only ${kinds.join()}`,
  );
  const links = new Set<string>();
  let [told, compared] = [0, 0];
  for (const fact of decisions) {
    const seen = await oneDecision(given, fact, links);
    told += seen.told;
    if (seen.compared) compared += 1;
    for (const link of seen.links) links.add(link);
  }
  return `${kinds.join(", ")}: ${told} sentences as mlctl has them, ${links.size} links lead somewhere; each is byte-identical when it is replayed, ${compared} compared with the one before`;
}

export const decision: Check = {
  number: 18,
  title: "the page of a decision says what mlctl why says, and replays it",
  short: true,
  run,
};

// A decision's page says what `mlctl why` says, check by check.
import type { Page } from "playwright-core";
import { expect, needsModel, type Check, type Given } from "../harness/check.ts";
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
  // As people read it: every message of the table that `mlctl why` prints is on the page too.
  const told = await candidatesAreTold(page, fact.kind, decision.candidates ?? []);
  const tries = !given.options.short || known.size === 0; // a page for each link takes its time
  const links = tries ? await linksResolve(given, page, fact.kind, known) : [];
  return { told, links };
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
  let told = 0;
  for (const fact of decisions) {
    const seen = await oneDecision(given, fact, links);
    told += seen.told;
    for (const link of seen.links) links.add(link);
  }
  return `${kinds.join(", ")}: ${told} sentences as mlctl has them, ${links.size} links lead somewhere; a replay is not offered by the page`;
}

export const decision: Check = {
  number: 18,
  title: "the page of a decision says what mlctl why says",
  short: true,
  run,
};

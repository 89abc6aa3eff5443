// Where customers went between two versions: the picture and its table against who is in which
// segment, counted here anew from the customers of both runs as `mlctl fetch` gives them.
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Page } from "playwright-core";
import { expect, needsModel, type Check, type Given } from "../harness/check.ts";
import { lastOf } from "../../src/text/names.ts";
import { LEAVERS, NEWCOMERS } from "../../src/text/churn.ts";
import { settled } from "./look.ts";

interface Segments {
  of: Map<string, number>; // each customer's
  names: string[];
}

/** The customers of a version as its run keeps them, and the sizes that it reports beside them. */
async function segmentsOf({ server, api }: Given, version: string): Promise<Segments> {
  const { run } = await api.registry.getModelVersion({ name: version });
  const folder = await mkdtemp(join(tmpdir(), "ui-churn-"));
  try {
    await server.mlctl("fetch", `run:${lastOf(run)}`, "-o", folder);
    const csv = await readFile(join(folder, "report/customers.csv"), "utf8");
    const profiles = await readFile(join(folder, "report/profiles.json"), "utf8");
    const rows = csv.trimEnd().split("\n").slice(1);
    const segments: Segments = { of: new Map(), names: [] };
    for (const [customer = "", number, name = ""] of rows.map((row) => row.split(","))) {
      segments.of.set(customer, Number(number));
      segments.names[Number(number)] = name;
    }
    agreesWith(profiles, segments, version);
    return segments;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function agreesWith(profiles: string, { of, names }: Segments, version: string) {
  const all = JSON.parse(profiles) as { segments: { customers: number }[] };
  const reported = all.segments.map(({ customers }) => customers);
  const counted = names.map((_, index) => [...of.values()].filter((one) => one === index).length);
  expect(
    reported.join() === counted.join(),
    `${version} reports segments of ${reported.join(", ")}, its customers are ${counted.join(", ")}`,
  );
}

/** A row more than there are segments before, and a column more than there are now. */
function contingency(before: Segments, now: Segments): number[][] {
  const width = now.names.length + 1;
  const table = [...before.names, NEWCOMERS].map(() => Array<number>(width).fill(0));
  for (const customer of new Set([...before.of.keys(), ...now.of.keys()])) {
    const row = table[before.of.get(customer) ?? before.names.length];
    const column = now.of.get(customer) ?? now.names.length;
    if (row !== undefined) row[column] = (row[column] ?? 0) + 1;
  }
  return table;
}

/** The table beside the picture, with its sums at the end of rows and columns. */
async function tableOf(page: Page): Promise<{ names: string[]; cells: number[][] }> {
  const rows = await page
    .locator(".churn ~ div tbody tr")
    .evaluateAll((all) => all.map((row) => [...row.children].map((cell) => cell.textContent)));
  const numbers = (row: string[]) => row.map((cell) => Number(cell.replaceAll(",", "")));
  return {
    names: rows.map(([name = ""]) => name),
    cells: rows.map(([, ...cells]) => numbers(cells)),
  };
}

interface Ribbon {
  title: string;
  width: number;
}

function ribbonsOf(page: Page): Promise<Ribbon[]> {
  return page.locator(".churn svg path").evaluateAll((all) =>
    all.map((path) => ({
      title: path.querySelector("title")?.textContent ?? "",
      width: Number(path.getAttribute("stroke-width")),
    })),
  );
}

function withSums(table: number[][]): number[][] {
  const rows = table.map((row) => [...row, row.reduce((sum, cell) => sum + cell, 0)]);
  const sums = (rows[0] ?? []).map((_, at) => rows.reduce((sum, row) => sum + (row[at] ?? 0), 0));
  return [...rows, sums];
}

interface Counted {
  before: string[]; // of rows; the last is of those who were in none
  now: string[]; // of columns
  table: number[][];
}

interface Stream {
  title: string; // "Loyal spenders → Lapsed buyers: 23"
  value: number;
  moved: boolean; // from a segment into one of another name
}

function streamsOf({ before, now, table }: Counted): Stream[] {
  return table.flatMap((row, from) =>
    row.flatMap((value, to) => {
      const [old, next] = [before[from] ?? "", now[to] ?? ""];
      const moved = old !== NEWCOMERS && next !== LEAVERS && old !== next;
      return value === 0 ? [] : [{ title: `${old} → ${next}: ${value}`, value, moved }];
    }),
  );
}

async function tableIsTrue(page: Page, { before, table }: Counted) {
  const shown = await tableOf(page);
  const due = { names: [...before, "all"], cells: withSums(table) };
  const [seen, counted] = [JSON.stringify(shown), JSON.stringify(due)];
  expect(seen === counted, `the table is ${seen}, counted was ${counted}`);
}

async function ribbonsAreTrue(page: Page, streams: Stream[]) {
  const ribbons = await ribbonsOf(page);
  const titles = (list: { title: string }[]) =>
    list
      .map(({ title }) => title)
      .sort()
      .join(", ");
  const [seen, counted] = [titles(ribbons), titles(streams)];
  expect(seen === counted, `the ribbons are "${seen}", counted was "${counted}"`);
  const scales = ribbons.flatMap(({ title, width }) => {
    const value = streams.find((one) => one.title === title)?.value ?? NaN;
    return width > 1 ? [width / value] : []; // the least is drawn wider than it is
  });
  const [least, most] = [Math.min(...scales), Math.max(...scales)];
  expect(most / least < 1.001, `a customer is between ${least} and ${most} pixels wide`);
}

async function placesAreTrue(page: Page, { before, now, table }: Counted) {
  const sums = withSums(table);
  const due = [
    ...before.map((name, row) => `${name}: ${sums[row]?.at(-1)}`),
    ...now.map((name, column) => `${name}: ${sums.at(-1)?.[column]}`),
  ].filter((text) => !text.endsWith(": 0"));
  const shown = await page.locator(".churn svg g > title").allTextContents();
  const [seen, counted] = [shown.join(", "), due.join(", ")];
  expect(seen === counted, `the segments are "${seen}", counted was "${counted}"`);
}

/** The churn of a version, opened as a person does. */
async function churnPage(given: Given, version: string): Promise<Page> {
  const page = await given.open(`/${given.facts.model}`);
  await settled(page);
  await page.getByLabel("When this version was trained:").selectOption(lastOf(version));
  // Attached and no more: a ribbon that runs level has no height, which counts as not visible.
  await page.locator(".churn svg path").first().waitFor({ state: "attached" });
  return page;
}

function total(streams: Stream[], which: (stream: Stream) => boolean): number {
  return streams.filter(which).reduce((sum, { value }) => sum + value, 0);
}

async function run(given: Given): Promise<string> {
  const { retrained, decisions } = given.facts;
  const passed = decisions.find(({ kind }) => kind === "pass");
  needsModel(retrained !== "" && passed !== undefined);
  // What production served when the other was trained.
  const { chosenVersion } = await given.api.promotion.getDecision({ name: passed.name });
  const before = await segmentsOf(given, chosenVersion);
  const now = await segmentsOf(given, retrained);
  const counted = {
    before: [...before.names, NEWCOMERS],
    now: [...now.names, LEAVERS],
    table: contingency(before, now),
  };
  const streams = streamsOf(counted);
  const moved = total(streams, (stream) => stream.moved);
  const came = total(streams, ({ title }) => title.startsWith(NEWCOMERS));
  const left = total(streams, ({ title }) => title.includes(` → ${LEAVERS}`));
  expect(Math.min(moved, came, left) > 0, `${moved} moved, ${came} came, ${left} left`);
  const page = await churnPage(given, retrained);
  await tableIsTrue(page, counted);
  await ribbonsAreTrue(page, streams);
  await placesAreTrue(page, counted);
  return `${before.of.size} customers before, ${now.of.size} after, ${moved} moved, ${came} new, ${left} gone: ${streams.length} ribbons, the table and all sums as counted from the customers of both`;
}

export const churn: Check = {
  number: 22,
  title: "ribbons of churn are the customers of both versions, counted anew",
  short: true,
  run,
};

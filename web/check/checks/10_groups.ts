// Groups are summed up over all of their runs, whatever part of the table is looked at.
import type { Page } from "playwright-core";
import { expect, type Check, type Given } from "../harness/check.ts";
import { ROWS, settled } from "./look.ts";

const PAGE = 10_000;

interface Group {
  runs: number;
  mean: number;
  least: number;
  most: number;
}

/** The groups by params.k and their losses, counted here from every run. */
async function counted({ api, facts }: Given): Promise<Map<string, Group>> {
  const losses = new Map<string, number[]>();
  let pageToken = "";
  do {
    const page = await api.tracking.searchRuns({
      parents: [facts.experiment],
      pageSize: PAGE,
      pageToken,
      readMask: { paths: ["params.k", "metrics.loss"] },
    });
    for (const { params, metrics } of page.runs) {
      const all = losses.get(params["k"] ?? "") ?? [];
      all.push(metrics[0]?.latest?.value ?? NaN);
      losses.set(params["k"] ?? "", all);
    }
    pageToken = page.nextPageToken;
  } while (pageToken !== "");
  return new Map(
    [...losses].map(([k, all]) => [
      k,
      {
        runs: all.length,
        mean: all.reduce((sum, loss) => sum + loss, 0) / all.length,
        least: Math.min(...all),
        most: Math.max(...all),
      },
    ]),
  );
}

/** The groups as the page shows them, with all digits. */
async function shown(page: Page): Promise<Map<string, string>> {
  await settled(page);
  const rows = await page
    .locator(ROWS)
    .evaluateAll((all) =>
      all.map((row) => [
        row.children[0]?.textContent ?? "",
        `${row.children[1]?.textContent ?? ""} runs, ${row.querySelector("[title^=mean]")?.getAttribute("title") ?? ""}`,
      ]),
    );
  return new Map(rows.map(([k = "", text = ""]) => [k, text]));
}

function numbersOf(text: string): number[] {
  const plain = text.replaceAll("−", "-").replaceAll(/(\d),(?=\d{3}\b)/g, "$1");
  return (plain.match(/-?\d+(\.\d+)?(e[-+]?\d+)?/g) ?? []).map(Number);
}

function near(a: number, b: number): boolean {
  return Math.abs(a - b) <= 1e-9 * Math.max(1, Math.abs(b));
}

async function run(given: Given): Promise<string> {
  const { facts } = given;
  const page = await given.open(`/${facts.experiment}?group=params.k&columns=metrics.loss`);
  const all = await shown(page);
  const wanted = await counted(given);
  expect(all.size === wanted.size, `${all.size} groups are shown of ${wanted.size}`);
  for (const [k, group] of wanted) {
    const text = all.get(k) ?? "";
    const seen = numbersOf(text);
    const right = [group.runs, group.mean, group.least, group.most];
    expect(
      right.every((value, at) => near(seen[at] ?? NaN, value)),
      `k = ${k}: "${text}" instead of ${right.join(", ")}`,
    );
  }
  const kept = [...wanted.keys()].sort().slice(0, Math.ceil(wanted.size / 2));
  const filter = encodeURIComponent(`params.k IN (${kept.join(", ")})`);
  const half = await given.open(
    `/${facts.experiment}?group=params.k&columns=metrics.loss&q=${filter}`,
    { width: 900, height: 500 },
  );
  const rest = await shown(half);
  expect(rest.size === kept.length, `${rest.size} groups are left of ${kept.length}`);
  for (const [k, text] of rest) {
    expect(text === all.get(k), `k = ${k} has become "${text}" from "${all.get(k)}"`);
  }
  return `${all.size} groups as counted over ${facts.runs} runs; ${rest.size} of them unchanged when the others are hidden`;
}

export const groups: Check = {
  number: 10,
  title: "hiding runs changes no other group",
  short: true,
  run,
};

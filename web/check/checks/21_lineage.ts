// Lineage both ways, and never more of it than a person can read.
import { expect, type Check, type Given } from "../harness/check.ts";
import { settled, timeLink } from "./look.ts";

const PICTURE_MILLIS = 150;
const MOST_NODES = 200;

async function run(given: Given): Promise<string> {
  const { api, facts } = given;
  const data = "datasets/compared/versions/1";
  const page = await given.open("/lineage/datasets/compared/versions/2");
  await settled(page);
  const took = await timeLink(page, `/lineage/${data}`, ".lineage .node", 9);
  const nodes = await page.locator(".lineage .node").count();
  expect(nodes <= MOST_NODES, `${nodes} nodes are drawn`);
  const folded = await page.locator(".lineage .node button").allTextContents();
  const wanted = `${facts.hundred.length - 8} more`;
  expect(folded.includes(wanted), `folded: "${folded.join('", "')}", not "${wanted}"`);
  const both = await bothWays(given);
  given.within("the first picture", took, PICTURE_MILLIS);
  const { nodes: all } = await api.datasets.getLineage({ name: data, maxDepth: 6 });
  return `${all.length} and more reachable, ${nodes} drawn after ${took.toFixed(0)} ms, "${wanted}" exact; ${both}. A graph of 50,000 is not part of the fixture`;
}

/** From a version back to its data and forward to channels. */
async function bothWays(given: Given): Promise<string> {
  const { model } = given.facts;
  if (model === "") return "no model to follow";
  const page = await given.open(`/lineage/${model}/versions/1`);
  await settled(page);
  const titles = await page
    .locator(".lineage [title]")
    .evaluateAll((all) => all.map((node) => node.getAttribute("title") ?? ""));
  expect(
    titles.some((title) => title.startsWith("datasets/")),
    "a version does not lead back to its data",
  );
  expect(
    titles.some((title) => title.includes("/channels/") || title.includes("/decisions/")),
    "a version does not lead on to a channel",
  );
  return "a version leads back to its data and on to its channels";
}

export const lineage: Check = {
  number: 21,
  title: "lineage both ways, bounded, with exact counts of what is folded",
  short: true,
  run,
};

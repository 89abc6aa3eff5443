// Lineage both ways, and never more of it than a person can read.
import { expect, until, type Check, type Given } from "../harness/check.ts";
import { settled, textOf, timeLink } from "./look.ts";

const PICTURE_MILLIS = 150;
const MOST_NODES = 200;

async function run(given: Given): Promise<string> {
  const { facts } = given;
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
  return `${nodes} drawn after ${took.toFixed(0)} ms, "${wanted}" exact; ${await fan(given)}; ${both}`;
}

/** What tens of thousands of runs read: drawn at once, counted to the last one, never drawn whole. */
async function fan(given: Given): Promise<string> {
  const { data, readers, derived } = given.facts.fan;
  const page = await given.open("/lineage/datasets/compared/versions/2");
  await settled(page);
  const took = await timeLink(page, `/lineage/${data}`, ".lineage .node", 9);
  const wanted = `${readers.toLocaleString("en-US")} runs`;
  const counting = performance.now();
  await until(`it led to ${wanted}`, async () => (await textOf(page)).includes(wanted));
  const counted = performance.now() - counting;
  const more = page.getByRole("button", { name: `${(readers - 8).toLocaleString("en-US")} more` });
  expect((await more.count()) === 1, "what is folded of the first hop is not told exactly");
  const second = page.locator('section[aria-label="2 after"] .node:not(:has(button))');
  const made = await second.count();
  expect(made === Math.min(derived, 8), `${made} of ${derived} nodes at the second hop`);
  await more.click();
  const drawn = await page.locator(".lineage .node").count();
  expect(drawn > 50 && drawn <= MOST_NODES, `${drawn} nodes are drawn when a hop is unfolded`);
  given.within("the first picture of a fan", took, PICTURE_MILLIS);
  return `of ${wanted} ${drawn} drawn at most, the first after ${took.toFixed(0)} ms, all counted ${counted.toFixed(0)} ms later`;
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

// Very many names of columns: a part of one finds it, and the page stays small.
import { expect, until, type Check, type Given } from "../harness/check.ts";
import { nodesOf, rowsAreThere } from "./look.ts";

const FIND_MILLIS = 100;
const MOST_NODES = 2_500;

async function run(given: Given): Promise<string> {
  const { wide, wideNames } = given.facts;
  const page = await given.open(`/${wide}`);
  await until("rows", () => rowsAreThere(page, 20));
  await page.getByRole("button", { name: "Columns" }).click();
  const field = page.getByLabel("Find a column");
  const offered = async () => (await field.getAttribute("placeholder")) ?? "";
  const whole = wideNames.toLocaleString("en");
  await until(`the chooser offers ${whole} names`, async () => (await offered()).includes(whole));
  // The last letter is typed in the page, so that the way there is not timed.
  await field.fill("23/weight_49");
  const took = await field.evaluate(
    (input: HTMLInputElement) =>
      new Promise<number>((found) => {
        const begin = performance.now();
        input.value += "9";
        input.dispatchEvent(new InputEvent("input", { bubbles: true }));
        const look = () => {
          const [first, second] = document.querySelectorAll(".chooser li");
          const there = first?.textContent.includes("layer_23/weight_499") === true;
          if (there && second === undefined) found(performance.now() - begin);
          else requestAnimationFrame(look);
        };
        requestAnimationFrame(look);
      }),
  );
  await page.locator(".chooser li input").check();
  await page.locator("[role=columnheader]", { hasText: "layer_23/weight_499" }).waitFor();
  await field.fill("");
  const nodes = await nodesOf(page);
  expect(nodes <= MOST_NODES, `the page has ${nodes} elements, above ${MOST_NODES}`);
  given.within("finding a column", took, FIND_MILLIS);
  return `1 of ${wideNames} names found in ${took.toFixed(0)} ms and pinned; ${nodes} elements`;
}

export const columns: Check = {
  number: 5,
  title: "a column is found among 12,000 by a part of its name",
  short: true,
  run,
};

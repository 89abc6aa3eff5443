// The scroll bar of all rows: wherever it is dragged, the right rows are there.
import type { Page } from "playwright-core";
import { expect, until, type Check, type Given } from "../harness/check.ts";
import { ROWS, rowsAreThere, runsInView } from "./look.ts";

const ROWS_MILLIS = 100;
const ORDER = "metrics.loss desc";

/** The names of all runs in the order that `mlctl` prints them. */
async function ordered({ server, facts }: Given): Promise<string[]> {
  const printed = await server.mlctl(
    ...["search", "runs", "--experiment", facts.experiment, "--order-by", ORDER],
    ...["--limit", String(facts.runs), "-o", "name"],
  );
  return printed.split("\n").filter((line) => line !== "");
}

/** Puts the scroll bar at a share of its way, as a drag does; gives the time until rows are there. */
async function dragTo(page: Page, share: number): Promise<number> {
  return page.evaluate(
    ([rows, to]) => {
      const grid = document.querySelector(".grid");
      if (grid === null) throw new Error("there is no table");
      const begin = performance.now();
      grid.scrollTop = (grid.scrollHeight - grid.clientHeight) * to;
      return new Promise<number>((there, never) => {
        const look = () => {
          const waits = [...document.querySelectorAll(rows)].filter((row) =>
            row.classList.contains("waits"),
          ).length;
          const took = performance.now() - begin;
          if (waits === 0 && took > 20) there(took);
          else if (took > 5_000) never(new Error(`${waits} rows are still blank after 5 s`));
          else requestAnimationFrame(look);
        };
        requestAnimationFrame(look);
      });
    },
    [ROWS, share] as const,
  );
}

async function run(given: Given): Promise<string> {
  const wanted = await ordered(given);
  expect(wanted.length === given.facts.runs, `mlctl prints ${wanted.length} runs`);
  const page = await given.open(`/${given.facts.experiment}?order=${encodeURIComponent(ORDER)}`);
  await until("the first rows", () => rowsAreThere(page, 26));
  const rows = await page.locator(".grid").getAttribute("aria-rowcount");
  expect(Number(rows) === given.facts.runs + 1, `the table says it has ${rows} rows`);
  const times: string[] = [];
  for (const share of [0, 0.5, 1, 0.25]) {
    const took = await dragTo(page, share);
    const seen = await runsInView(page);
    const wrong = seen.find(({ index, run }) => run !== wanted[index]);
    expect(wrong === undefined, `row ${wrong?.index} is ${wrong?.run}, not as mlctl has it`);
    const last = seen.at(-1)?.index ?? -1;
    expect(share < 1 || last === given.facts.runs - 1, `the last row seen is ${last}`);
    given.within(`rows at ${share * 100} %`, took, ROWS_MILLIS);
    times.push(`${share * 100} %: ${took.toFixed(0)} ms`);
  }
  return `${given.facts.runs} rows in the order of mlctl; ${times.join(", ")}`;
}

export const scroll: Check = {
  number: 4,
  title: "the scroll bar reaches any row of all runs",
  short: true,
  run,
};

// A point that is logged is on the screen soon, and nothing moves under the hand.
import type { Page } from "playwright-core";
import { expect, quantile, type Check, type Given } from "../harness/check.ts";
import { chartDrawn, liveIs } from "./look.ts";

const SEEN_MILLIS = 300;
const BEGUN = 200; // points before

/** Notes when the caption counts so many points. Runs in the page. */
function noteCaption(points: number): Promise<number> {
  const text = `${points.toLocaleString("en")} points`;
  return new Promise((seen) => {
    const look = () => {
      const caption = document.querySelector("figcaption")?.textContent ?? "";
      if (caption.startsWith(text)) seen(Date.now());
      else requestAnimationFrame(look);
    };
    requestAnimationFrame(look);
  });
}

async function standing(page: Page): Promise<string> {
  return page.evaluate(() =>
    JSON.stringify([
      scrollY,
      location.search,
      document.activeElement?.getAttribute("aria-label"),
      getSelection()?.toString(),
    ]),
  );
}

async function run(given: Given): Promise<string> {
  const { api, facts, options } = given;
  const times = options.short ? 8 : 30;
  const name = (await api.tracking.createRun({ parent: facts.wide, run: { displayName: "live" } }))
    .name;
  const log = async (from: number, count: number) => {
    const steps = Array.from({ length: count }, (_, at) => BigInt(from + at));
    const values = steps.map((step) => Math.sin(Number(step)));
    await api.tracking.logBatch({ run: name, metrics: [{ key: "loss", steps, values }] });
  };
  await log(0, BEGUN);
  const page = await given.open(`/${name}?steps=0..100000`);
  await chartDrawn(page);
  await liveIs(page, "live");
  await page.getByRole("application").first().focus();
  await page.evaluate(() => scrollTo(0, 60));
  const before = await standing(page);
  const delays: number[] = [];
  for (let i = 0; i < times; i++) {
    const seen = page.evaluate(noteCaption, BEGUN + i + 1);
    seen.catch(() => undefined); // of a page that is closed because logging failed
    await log(BEGUN + i, 1);
    const logged = Date.now();
    delays.push(Math.max((await seen) - logged, 0));
  }
  const after = await standing(page);
  expect(after === before, `scroll, zoom, focus or selection changed: ${before} to ${after}`);
  const p95 = quantile(delays, 0.95);
  given.within("p95 from logged to drawn", p95, SEEN_MILLIS);
  return `${times} points: p50 ${quantile(delays, 0.5)} ms, p95 ${p95} ms; scroll, zoom and focus stay. Ten minutes of 1,000 events/s are not part of it`;
}

export const live: Check = {
  number: 11,
  title: "a logged point is drawn at once, and nothing moves under the hand",
  short: true,
  run,
};

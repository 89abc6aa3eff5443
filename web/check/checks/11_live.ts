// A point that is logged is on the screen soon, and nothing moves under the hand.
import type { Page } from "playwright-core";
import { expect, quantile, type Check, type Given } from "../harness/check.ts";
import { writeSteadily } from "../harness/steady_writer.ts";
import { chartDrawn, liveIs } from "./look.ts";

const SEEN_MILLIS = 300;
const BEGUN = 200; // points before
const EVENTS_A_SECOND = 1_000;
const WRITERS = 16;
const FRAME_MILLIS = 33.4; // two frames of a screen of 60 Hz
const MOST_GROWN = 20e6; // bytes

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

/** Milliseconds between frames, and bytes of the heap before and after, while `work` is done. */
async function framesDuring(page: Page, work: () => Promise<void>) {
  const client = await page.context().newCDPSession(page);
  const heap = async () => {
    await client.send("HeapProfiler.collectGarbage");
    return (await client.send("Runtime.getHeapUsage")).usedSize;
  };
  const before = await heap();
  await page.evaluate(() => {
    const noted = globalThis as { frameTimes?: number[] };
    const times: number[] = (noted.frameTimes = []);
    let last = performance.now();
    const next = (now: number) => {
      times.push(now - last);
      last = now;
      requestAnimationFrame(next);
    };
    requestAnimationFrame(next);
  });
  await work();
  const frames = await page.evaluate(
    () => (globalThis as { frameTimes?: number[] }).frameTimes ?? [],
  );
  return { frames, grown: (await heap()) - before };
}

/** A page of a run stands for a while beside very many changes of the run. */
async function soak(given: Given, page: Page, run: string): Promise<string> {
  const { server, options } = given;
  // The same point each time: every call is a commit and an event all the same.
  const message = { run, metrics: [{ key: "other", steps: ["1000000"], values: [1] }] };
  let sent = 0;
  const work = async () => {
    sent = await writeSteadily(
      server.ui,
      "cairn.v1.TrackingService/LogBatch",
      Array.from({ length: WRITERS }, () => message),
      EVENTS_A_SECOND,
      options.soak,
    );
  };
  const { frames, grown } = await framesDuring(page, work);
  const p95 = quantile(frames, 0.95);
  const rate = sent / options.soak;
  given.within("p95 of frames beside many events", p95, FRAME_MILLIS);
  expect(grown < MOST_GROWN, `the heap grew by ${grown} bytes`);
  return `${options.soak} s of ${rate.toFixed(0)} events/s: frames p95 ${p95.toFixed(0)} ms, heap ${(grown / 1e6).toFixed(1)} MB more`;
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
  const many = options.soak > 0 ? await soak(given, page, name) : "no --soak";
  return `${times} points: p50 ${quantile(delays, 0.5)} ms, p95 ${p95} ms; scroll, zoom and focus stay; ${many}`;
}

export const live: Check = {
  number: 11,
  title: "a logged point is drawn at once, and nothing moves under the hand",
  short: true,
  run,
};

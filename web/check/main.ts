// Checks the web UI as a person sees it: a real browser before a real server with real data.
//
// usage: scripts/ui-check [--only 1,4,6] [--short] [--runs N] [--fixture DIR] [--bin DIR]
//                         [--dist DIR] [--slack FACTOR] [--soak SECONDS]
//
// A line for each check, then "N passed, N failed, N skipped"; ends with 0 only if none failed.
import { cp, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Browser } from "playwright-core";
import { CHECKS } from "./checks/all.ts";
import { readyFixture } from "./fixture/make.ts";
import { apiOf } from "./harness/api.ts";
import { startBrowser } from "./harness/browser.ts";
import { Given, Skipped, type Check } from "./harness/check.ts";
import { readOptions, type Options } from "./harness/options.ts";
import { Server, stopAll } from "./harness/server.ts";

type Verdict = "passed" | "failed" | "skipped";

async function judge(check: Check, given: Given): Promise<Verdict> {
  const name = `check ${check.number}: ${check.title}`;
  const begin = performance.now();
  const took = () => `${((performance.now() - begin) / 1000).toFixed(1)} s`;
  try {
    const seen = await check.run(given);
    console.log(`${name} ... ok (${seen}; ${took()})`);
    return "passed";
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    if (error instanceof Skipped) {
      console.log(`${name} ... skipped: ${why}`);
      return "skipped";
    }
    console.log(`${name} ... FAILED: ${why.replaceAll(/\s*\n\s*/g, " | ")} (${took()})`);
    return "failed";
  } finally {
    await given.close();
    await given.server.revive();
  }
}

function chosen({ only, short }: Options): Check[] {
  if (only.size > 0) return CHECKS.filter(({ number }) => only.has(number));
  return CHECKS.filter((check) => !short || check.short);
}

async function checkAll(options: Options, browser: Browser): Promise<Record<Verdict, number>> {
  const facts = await readyFixture(options);
  // Checks write: each run of this program has a copy of its own.
  const folder = await mkdtemp(join(tmpdir(), "ui-check-"));
  const counts = { passed: 0, failed: 0, skipped: 0 };
  try {
    await cp(join(options.fixture, "store"), join(folder, "store"), { recursive: true });
    const server = new Server(options.bin, join(folder, "store"));
    await server.start();
    if (options.dist !== "") await server.serveUi(options.dist);
    const given = new Given(server, apiOf(server.api), browser, facts, options);
    for (const check of chosen(options)) counts[await judge(check, given)] += 1;
    await server.stop();
  } finally {
    stopAll();
    await rm(folder, { recursive: true, force: true });
  }
  return counts;
}

async function main(): Promise<number> {
  const options = readOptions(process.argv.slice(2));
  const browser = await startBrowser();
  if (browser === undefined) {
    console.log(
      "ui-check: there is no Chromium; install Debian's package chromium-headless-shell " +
        "(apt-get install chromium-headless-shell) or set CHROMIUM to one",
    );
    return options.short ? 0 : 1;
  }
  try {
    const { passed, failed, skipped } = await checkAll(options, browser);
    console.log(`${passed} passed, ${failed} failed, ${skipped} skipped`);
    return failed === 0 ? 0 : 1;
  } finally {
    await browser.close();
  }
}

process.on("exit", stopAll);
for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => process.exit(130));
process.exit(await main());

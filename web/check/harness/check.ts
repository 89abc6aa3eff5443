// What a check is, what it is given, and how it says what it saw.
import type { Browser, BrowserContext, Page } from "playwright-core";
import type { Facts } from "../fixture/facts.ts";
import type { Api } from "./api.ts";
import type { Options } from "./options.ts";
import type { Server } from "./server.ts";

/** What stands behind "ok", or an error: Failed or Skipped. */
export interface Check {
  number: number;
  title: string;
  short: boolean; // whether it is of those that run for every commit
  run: (given: Given) => Promise<string>;
}

export class Failed extends Error {}
export class Skipped extends Error {}

/** Skips what is about a model where there is none. */
export function needsModel(there: boolean): asserts there {
  if (!there) throw new Skipped("there is no cairn-pipeline to make a model with");
}

export function expect(holds: boolean, seen: string): asserts holds {
  if (!holds) throw new Failed(seen);
}

export interface Look {
  width?: number;
  height?: number;
  theme?: "light" | "dark";
}

export class Given {
  private readonly contexts: BrowserContext[] = [];

  constructor(
    readonly server: Server,
    readonly api: Api,
    readonly browser: Browser,
    readonly facts: Facts,
    readonly options: Options,
  ) {}

  /** A browser that has never been here: no cache, no storage. */
  async newContext({ width = 1440, height = 900, theme = "light" }: Look = {}) {
    const context = await this.browser.newContext({
      baseURL: this.server.ui,
      viewport: { width, height },
      colorScheme: theme,
      permissions: ["clipboard-read", "clipboard-write"],
      acceptDownloads: true,
    });
    context.setDefaultTimeout(30_000);
    this.contexts.push(context);
    return context;
  }

  /** A page of such a browser. */
  async open(path: string, look: Look = {}): Promise<Page> {
    const page = await (await this.newContext(look)).newPage();
    await page.goto(path);
    return page;
  }

  /** Closes what a check left open. */
  async close(): Promise<void> {
    for (const context of this.contexts.splice(0)) await context.close();
  }

  /** Fails where a time is above its limit. */
  within(what: string, millis: number, limit: number): void {
    const allowed = limit * this.options.slack;
    expect(millis <= allowed, `${what} took ${millis.toFixed(0)} ms, above ${allowed} ms`);
  }
}

/** The value that `share` of the values do not exceed. */
export function quantile(values: number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(Math.ceil(sorted.length * share), sorted.length) - 1] ?? NaN;
}

/** Numbers that look random and are the same in every run. */
export function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

/** Waits until `holds`, looking every few milliseconds; gives how long that took. */
export async function until(
  what: string,
  holds: () => Promise<boolean>,
  millis = 10_000,
): Promise<number> {
  const begin = performance.now();
  while (!(await holds())) {
    expect(performance.now() - begin < millis, `${what}: not within ${millis} ms`);
    await new Promise((resume) => setTimeout(resume, 20));
  }
  return performance.now() - begin;
}

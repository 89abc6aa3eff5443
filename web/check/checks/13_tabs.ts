// Ten tabs of one browser: one stream feeds all of them, and none waits.
import { createServer, request as forward } from "node:http";
import type { AddressInfo } from "node:net";
import { pipeline } from "node:stream";
import type { Page } from "playwright-core";
import { expect, type Check, type Given } from "../harness/check.ts";
import { liveIs, settled } from "./look.ts";

const TABS = 10;
const WAIT_MILLIS = 100;

/** Passes everything on and counts the streams that are open. */
async function countingFront(target: string) {
  const counts = { open: 0, most: 0 };
  const { host } = new URL(target);
  const server = createServer((request, response) => {
    const watches = request.url?.includes("WatchService") === true;
    if (watches) counts.most = Math.max(counts.most, (counts.open += 1));
    const headers = { ...request.headers, host };
    const origin = request.headers.origin === undefined ? {} : { origin: target };
    const options = { method: request.method ?? "GET", headers: { ...headers, ...origin } };
    const passed = forward(`${target}${request.url ?? "/"}`, options, (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      pipeline(answer, response, () => undefined);
    });
    passed.on("error", () => response.destroy());
    response.on("close", () => {
      if (watches) counts.open -= 1;
      passed.destroy();
    });
    request.pipe(passed);
  });
  await new Promise<void>((ready) => server.listen(0, "127.0.0.1", ready));
  const { port } = server.address() as AddressInfo;
  const close = () => {
    server.closeAllConnections();
    server.close();
  };
  return { counts, url: `http://127.0.0.1:${port}`, close };
}

async function run(given: Given): Promise<string> {
  const { api, facts } = given;
  const front = await countingFront(given.server.ui);
  try {
    const context = await given.newContext();
    const tabs: Page[] = [];
    for (let i = 0; i < TABS; i++) {
      const tab = await context.newPage();
      await tab.goto(`${front.url}/${i % 2 === 0 ? "activity" : facts.wide}`);
      await settled(tab);
      tabs.push(tab);
    }
    for (const tab of tabs) await liveIs(tab, "live");
    await api.tracking.createRun({ parent: facts.wide, run: { displayName: "told to all tabs" } });
    for (const [index, tab] of tabs.entries()) {
      const told = index % 2 === 0 ? tab.locator("tr.fresh") : tab.getByText(/\d+ new$/);
      await told.first().waitFor();
    }
    const { open, most } = front.counts;
    expect(open === 1, `${open} streams are open for ${TABS} tabs, at most ${most}`);
    let waited = 0;
    for (const tab of tabs) {
      const longest = await tab.evaluate(async () => {
        const begin = performance.now();
        await fetch("/cairn.v1.AdminService/GetServerInfo", {
          method: "POST",
          headers: { "content-type": "application/json" },
          body: "{}",
        });
        return performance.now() - begin;
      });
      waited = Math.max(waited, longest);
    }
    given.within("a call of a tab", waited, WAIT_MILLIS);
    return `1 stream for ${TABS} tabs, all told; the slowest call of a tab took ${waited.toFixed(0)} ms`;
  } finally {
    front.close();
  }
}

export const tabs: Check = {
  number: 13,
  title: "ten tabs share one stream, and none waits",
  short: false,
  run,
};

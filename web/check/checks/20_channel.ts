// A channel's page while it moves: the promotion is seen at once, and who serves which epoch is right.
import type { Page } from "playwright-core";
import { Consumer_State as State } from "../../gen/cairn/v1/registry_pb.ts";
import { expect, needsModel, quantile, until, type Check, type Given } from "../harness/check.ts";
import { lastOf } from "../../src/text/names.ts";
import { liveIs, settled } from "./look.ts";

const SEEN_MILLIS = 300;
const CLIENTS = 20;
const SLOW = 3;

/** Notes when the page says that the channel serves this version. Runs in the page. */
function noteServed(version: string): Promise<number> {
  return new Promise((seen) => {
    const look = () => {
      const served = document.querySelector('section[aria-label="Serves"] a.name');
      if (served?.getAttribute("title") === version) seen(Date.now());
      else requestAnimationFrame(look);
    };
    requestAnimationFrame(look);
  });
}

async function report(
  given: Given,
  channel: string,
  epoch: bigint,
  version: string,
  late: boolean,
) {
  const reports = Array.from({ length: CLIENTS }, async (_, index) => {
    const dead = index === CLIENTS - 1;
    const slow = index >= CLIENTS - 1 - SLOW;
    if (late && slow) return;
    await given.api.registry.reportServing({
      consumer: {
        name: `${channel}/consumers/client-${index}`,
        state: dead ? State.FAILED : State.LOADED,
        version,
        epoch,
        detail: dead ? "cannot load" : "",
      },
    });
  });
  await Promise.all(reports);
}

/** Each client with the epoch that the page shows for it. */
async function epochsShown(page: Page): Promise<Map<string, number>> {
  const rows = await page
    .locator('section[aria-label="Who serves it"] tbody tr')
    .evaluateAll((all) => all.map((row) => [...row.children].map((cell) => cell.textContent)));
  return new Map(rows.map((cells) => [cells[0] ?? "", Number(cells[3])]));
}

async function run(given: Given): Promise<string> {
  const { api, facts, server, options } = given;
  const fact = facts.decisions.find(({ kind }) => kind === "override");
  needsModel(fact !== undefined);
  const { channel: name } = fact;
  const model = lastOf(facts.model);
  const before = await api.registry.getChannel({ name });
  await report(given, name, before.epoch, before.version, false);
  const page = await given.open(`/${name}`);
  await settled(page);
  await liveIs(page, "live");
  const delays: number[] = [];
  const move = async (to: string, ...command: string[]) => {
    const seen = page.evaluate(noteServed, to);
    seen.catch(() => undefined); // of a page that is closed because the command failed
    await server.mlctl(...command, "--channel", "chosen", "--reason", "a check");
    const { promoteTime } = await api.registry.getChannel({ name });
    const committed = Number(promoteTime?.seconds ?? 0n) * 1000 + (promoteTime?.nanos ?? 0) / 1e6;
    delays.push((await seen) - committed);
  };
  for (let round = 0; round < (options.short ? 2 : 10); round++) {
    await move(`${facts.model}/versions/1`, "override", `${model}@1`);
    await move(`${facts.model}/versions/2`, "rollback", model);
    const back = ["release", `${model}@1`, "--channel", "chosen", "--reason", "a check"];
    await server.mlctl(...back); // a version that was rolled back is held
  }
  const after = await api.registry.getChannel({ name });
  await report(given, name, after.epoch, after.version, true);
  const right = async () => {
    const shown = await epochsShown(page);
    return Array.from({ length: CLIENTS }, (_, index) => {
      const slow = index >= CLIENTS - 1 - SLOW;
      return shown.get(`client-${index}`) === Number(slow ? before.epoch : after.epoch);
    }).every(Boolean);
  };
  await until("the page shows the epoch of every client", right, 3_000);
  const p95 = quantile(delays, 0.95);
  expect(
    delays.every((delay) => delay > -5),
    "clocks disagree",
  );
  given.within("p95 from committed to seen", p95, SEEN_MILLIS);
  return `${delays.length} moves seen after p50 ${quantile(delays, 0.5).toFixed(0)}, p95 ${p95.toFixed(0)} ms; epochs of ${CLIENTS} clients right, ${SLOW} of them slow and one failed`;
}

export const channel: Check = {
  number: 20,
  title: "a promotion and a rollback are seen at once, and who serves what",
  short: true,
  run,
};

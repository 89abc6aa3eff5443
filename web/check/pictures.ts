// Takes the pictures of docs/ui.md, or with --all those of every page in both themes and three
// widths, from a server that has the data of `make demo`.
//
// usage: pictures.ts ADDRESS OUT [--all]
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import type { Browser } from "playwright-core";
import { compareLink, settled } from "./checks/look.ts";
import { apiOf, type Api } from "./harness/api.ts";
import { startBrowser } from "./harness/browser.ts";

const COMPARED = 4;
const WIDTHS = [390, 900, 1440];
const HEIGHT = 900;

interface Place {
  name: string;
  path: string;
  theme: "light" | "dark"; // in the guide
}

/** The pages of the demo's newest decision, and of what it decided about. */
async function places(api: Api): Promise<Place[]> {
  const { models } = await api.registry.listModels({});
  const model = models[0]?.name ?? "";
  const { channels } = await api.registry.listChannels({ parent: model });
  const channel = channels.find(({ decision }) => decision !== "");
  if (channel === undefined) throw new Error("the server has no decision: run make demo KEEP=1");
  const { experiments } = await api.tracking.listExperiments({});
  const counts = await Promise.all(
    experiments.map(async ({ name }) => ({
      name,
      runs: (await api.tracking.countRuns({ parents: [name] })).runCount,
    })),
  );
  const experiment = counts.reduce((most, one) => (one.runs > most.runs ? one : most)).name;
  const { runs } = await api.tracking.searchRuns({ parents: [experiment], pageSize: COMPARED });
  const version = await api.registry.getModelVersion({ name: channel.version });
  const { datasets } = await api.datasets.listDatasets({});
  const dataset = datasets.find(({ name }) => name.includes("features")) ?? datasets[0];
  return [
    { name: "now", path: "/", theme: "light" },
    { name: "runs", path: `/${experiment}`, theme: "light" },
    { name: "run", path: `/${version.run}`, theme: "light" },
    {
      name: "compare",
      path: compareLink(runs.map(({ name }) => name)),
      theme: "dark",
    },
    { name: "data-set", path: `/${dataset?.name ?? ""}/versions/1`, theme: "light" },
    { name: "model", path: `/${model}`, theme: "light" },
    { name: "decision", path: `/${channel.decision}`, theme: "light" },
    { name: "channel", path: `/${channel.name}`, theme: "dark" },
    { name: "lineage", path: `/lineage/${channel.version}`, theme: "light" },
    { name: "activity", path: "/activity", theme: "light" },
  ];
}

const OF_THE_GUIDE = ["now", "runs", "compare", "model", "decision", "channel"];

interface Look {
  file: string;
  viewport: { width: number; height: number };
  colorScheme: "light" | "dark";
}

/** The pictures of a page: one for the guide where it stands there, or every theme and width. */
function looksAt({ name, theme }: Place, all: boolean): Look[] {
  if (!all) {
    const viewport = { width: 1280, height: 800 };
    const look = { file: `${name}.jpg`, viewport, colorScheme: theme };
    return OF_THE_GUIDE.includes(name) ? [look] : [];
  }
  return (["light", "dark"] as const).flatMap((colorScheme) =>
    WIDTHS.map((width) => ({
      file: `${name}-${colorScheme}-${width}.png`,
      viewport: { width, height: HEIGHT },
      colorScheme,
    })),
  );
}

async function take(browser: Browser, baseURL: string, path: string, look: Look, out: string) {
  const { file, viewport, colorScheme } = look;
  const context = await browser.newContext({ baseURL, viewport, colorScheme });
  const page = await context.newPage();
  await page.goto(path);
  await settled(page);
  // Those of the guide are part of the repository, and small.
  const form = file.endsWith(".jpg") ? { type: "jpeg" as const, quality: 70 } : {};
  await page.screenshot({ path: join(out, file), animations: "disabled", ...form });
  await context.close();
  console.log(join(out, file));
}

async function main([base, out, all]: string[]): Promise<void> {
  if (base === undefined || out === undefined) {
    console.error("usage: ui-pictures ADDRESS OUT [--all]");
    process.exit(2);
  }
  const browser = await startBrowser();
  if (browser === undefined) throw new Error("there is no Chromium: install the package chromium");
  mkdirSync(out, { recursive: true });
  try {
    for (const place of await places(apiOf(base))) {
      for (const look of looksAt(place, all === "--all")) {
        await take(browser, base, place.path, look, out);
      }
    }
  } finally {
    await browser.close();
  }
}

await main(process.argv.slice(2));

// What a person asks for on the command line.
import { resolve } from "node:path";
import { parseArgs } from "node:util";

export interface Options {
  only: ReadonlySet<number>; // empty: all
  short: boolean; // the share that runs for every commit: a small fixture, little repetition
  runs: number; // of the large experiment
  fixture: string; // the folder that keeps it
  bin: string; // the folder of cairnd, mlctl and cairn-pipeline
  dist: string; // a built UI to check instead of the server's own; empty: the server's own
  soak: number; // seconds of many events a second that a page stands; 0: none
  slack: number; // limits of time are multiplied by it
}

const SHORT_RUNS = 2_000;
const FULL_RUNS = 100_000;

export function readOptions(args: string[]): Options {
  const { values } = parseArgs({
    args,
    options: {
      only: { type: "string", default: "" },
      short: { type: "boolean", default: false },
      runs: { type: "string" },
      fixture: { type: "string" },
      bin: { type: "string", default: process.env["BIN"] ?? "" },
      dist: { type: "string", default: "" },
      slack: { type: "string", default: "1" },
      soak: { type: "string", default: "0" },
    },
  });
  // Paths are meant from where the person stands; this program runs in web/.
  const from = process.env["UI_CHECK_FROM"] ?? process.cwd();
  const runs = Number(values.runs ?? (values.short ? SHORT_RUNS : FULL_RUNS));
  return {
    only: new Set(values.only.split(",").filter(Boolean).map(Number)),
    short: values.short,
    runs,
    fixture: resolve(from, values.fixture ?? resolve(`../build/ui-check/fixture-${runs}`)),
    bin: resolve(from, values.bin === "" ? resolve("../build/bin") : values.bin),
    dist: values.dist === "" ? "" : resolve(from, values.dist),
    slack: Number(values.slack),
    soak: Number(values.soak),
  };
}

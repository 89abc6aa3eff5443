// Runs named shortly, as addresses list them: "0/6f2c0d11ab" is the run of experiment 0 whose id
// begins so. Whole resource names are taken too.
import { escaped } from "./run_columns.ts";

/** So many letters of an id: among 100,000 runs no two of a million pairs share them. */
const LETTERS = 10;

export interface RunRef {
  experiment: string; // "experiments/0"
  id: string; // of the run, or the beginning of it
}

/** The short name of "experiments/0/runs/6f2c…". */
export function refOf(name: string): string {
  const [, experiment = "", , id = ""] = name.split("/");
  return `${experiment}/${id.slice(0, LETTERS)}`;
}

/** What a short or whole name says; undefined when it is neither. */
export function parseRef(text: string): RunRef | undefined {
  const whole = /^experiments\/([^/]+)\/runs\/([^/]+)$/.exec(text);
  const [, experiment, id] = whole ?? /^([^/]+)\/([^/]+)$/.exec(text) ?? [];
  if (experiment === undefined || id === undefined) return undefined;
  return { experiment: `experiments/${experiment}`, id };
}

/** Names as an address lists them, each once. */
export function refsIn(text: string): string[] {
  return [...new Set(text.split(","))].filter((ref) => ref !== "");
}

/** The filter that finds the runs of these names, in any of their experiments. */
export function filterOfRefs(refs: RunRef[]): string {
  return refs.map(({ id }) => `uid = "${escaped(id)}*"`).join(" OR ");
}

/** Whether a run is the one that is named. */
export function isNamed(name: string, { experiment, id }: RunRef): boolean {
  return name.startsWith(`${experiment}/runs/${id}`);
}

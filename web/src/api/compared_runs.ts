// Runs that are compared, and their curves: many in one call each.
import type { Run } from "../../gen/cairn/v1/tracking_pb.ts";
import { curveOf, type Curve, type Steps } from "../text/curves.ts";
import { bucketsOf } from "../text/packed.ts";
import { filterOfRefs, isNamed, parseRef } from "../text/run_refs.ts";
import { tracking } from "./calls.ts";

/**
 * The runs that are named (see text/run_refs.ts), in that order; `missing` are names of no run, or
 * of more than one.
 */
export async function readRuns(names: string[]): Promise<{ runs: Run[]; missing: string[] }> {
  const refs = new Map(names.map((name) => [name, parseRef(name)]));
  const known = [...refs.values()].filter((ref) => ref !== undefined);
  if (known.length === 0) return { runs: [], missing: names };
  const found = await tracking.searchRuns({
    parents: [...new Set(known.map(({ experiment }) => experiment))],
    filter: filterOfRefs(known),
    pageSize: 1000,
    showDeleted: true,
  });
  const runOf = (name: string) => {
    const ref = refs.get(name);
    const fitting = found.runs.filter((run) => ref !== undefined && isNamed(run.name, ref));
    return fitting.length === 1 ? fitting[0] : undefined;
  };
  return {
    runs: names.map(runOf).filter((run) => run !== undefined),
    missing: names.filter((name) => runOf(name) === undefined),
  };
}

/** The curves of one metric by the name of their run; runs without it are not there. */
export async function readCurves(
  runs: string[],
  key: string,
  maxBuckets: number,
  steps?: Steps,
): Promise<Map<string, Curve>> {
  const range =
    steps === undefined ? {} : { startStep: BigInt(steps.from), endStep: BigInt(steps.to) + 1n };
  const curves = new Map<string, Curve>();
  if (runs.length === 0) return curves;
  for await (const packed of tracking.readCurves({ runs, keys: [key], maxBuckets, ...range })) {
    curves.set(packed.run, curveOf(bucketsOf(packed)));
  }
  return curves;
}

// Runs that are compared, and their curves: many in one call each.
import type { Run } from "../../gen/cairn/v1/tracking_pb.ts";
import { curveOf, rangeOf, type Curve, type Steps } from "../text/curves.ts";
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
    const named = found.runs.filter((run) => ref !== undefined && isNamed(run.name, ref));
    return named.length === 1 ? named[0] : undefined;
  };
  const fitting = names.map(runOf);
  return {
    runs: fitting.filter((run) => run !== undefined),
    missing: names.filter((_, at) => fitting[at] === undefined),
  };
}

/** The curves of one metric by the name of their run; runs without it are not there. */
export async function readCurves(
  runs: string[],
  key: string,
  maxBuckets: number,
  steps?: Steps,
): Promise<Map<string, Curve>> {
  const curves = new Map<string, Curve>();
  if (runs.length === 0) return curves;
  for await (const packed of tracking.readCurves({
    runs,
    keys: [key],
    maxBuckets,
    ...rangeOf(steps),
  })) {
    curves.set(packed.run, curveOf(bucketsOf(packed)));
  }
  return curves;
}

// Runs that are compared, and their curves: many in one call each.
import type { Run } from "../../gen/cairn/v1/tracking_pb.ts";
import { curveOf, rangeOf, type Curve, type Steps } from "../text/curves.ts";
import { bucketsOf } from "../text/packed.ts";
import { filterOfRefs, isNamed, parseRef, type RunRef } from "../text/run_refs.ts";
import { tracking } from "./services/tracking.ts";

/** A filter has at most 64 conditions. */
const MOST_CONDITIONS = 50;

function piecesOf(refs: RunRef[]): RunRef[][] {
  const pieces: RunRef[][] = [];
  for (let at = 0; at < refs.length; at += MOST_CONDITIONS) {
    pieces.push(refs.slice(at, at + MOST_CONDITIONS));
  }
  return pieces;
}

async function searchFor(refs: RunRef[]): Promise<Run[]> {
  const { runs } = await tracking.searchRuns({
    parents: [...new Set(refs.map(({ experiment }) => experiment))],
    filter: filterOfRefs(refs),
    pageSize: 1000,
    showDeleted: true,
  });
  return runs;
}

/**
 * The runs that are named (see text/run_refs.ts), in that order; `missing` are names of no run, or
 * of more than one.
 */
export async function readRuns(names: string[]): Promise<{ runs: Run[]; missing: string[] }> {
  const refs = new Map(names.map((name) => [name, parseRef(name)]));
  const known = [...refs.values()].filter((ref) => ref !== undefined);
  if (known.length === 0) return { runs: [], missing: names };
  const found = (await Promise.all(piecesOf(known).map(searchFor))).flat();
  const runOf = (name: string) => {
    const ref = refs.get(name);
    const named = found.filter((run) => ref !== undefined && isNamed(run.name, ref));
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

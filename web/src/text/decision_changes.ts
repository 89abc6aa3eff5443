// What two decisions of a channel say differently of the same versions, rule by rule.
import { align, byRank } from "./aligned.ts";

interface Check {
  id: string;
  stage: string;
  verdict: number;
  observed?: number | undefined;
  needed: string;
}

interface Candidate<Rule extends Check> {
  version: string;
  rank: number;
  checks: Rule[];
}

/** A check that came out differently; on one side undefined where only the other looked at it. */
export interface Difference<Rule> {
  version: string;
  key: string; // of the check: its stage and its id
  before: Rule | undefined;
  now: Rule | undefined;
}

export interface Changes<Rule> {
  differences: Difference<Rule>[];
  same: number; // checks of versions in both that came out as before
  came: string[]; // versions that only the later decision judged
  left: string[]; // and those that only the earlier one did
}

/** NaN, which a metric may be, is the same as NaN. */
function isSame(before: Check | undefined, now: Check | undefined): boolean {
  return (
    before?.verdict === now?.verdict &&
    Object.is(before?.observed, now?.observed) &&
    before?.needed === now?.needed
  );
}

/** Versions in the order of the later decision, those with a place first. */
export function changesOf<Rule extends Check>(
  before: Candidate<Rule>[],
  now: Candidate<Rule>[],
): Changes<Rule> {
  const earlier = new Map(before.map((candidate) => [candidate.version, candidate]));
  const judged = new Set(now.map(({ version }) => version));
  const changes: Changes<Rule> = { differences: [], same: 0, came: [], left: [] };
  for (const { version, checks } of byRank(now)) {
    const other = earlier.get(version);
    if (other === undefined) {
      changes.came.push(version);
      continue;
    }
    for (const { key, left: later, right: old } of align(checks, other.checks)) {
      if (isSame(old, later)) changes.same += 1;
      else changes.differences.push({ version, key, before: old, now: later });
    }
  }
  changes.left = before.map(({ version }) => version).filter((version) => !judged.has(version));
  return changes;
}

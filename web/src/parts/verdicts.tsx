// The verdicts and outcomes of decisions, each with its tone and its word.
import { Decision_Outcome as Outcome, Verdict as Judged } from "../../gen/cairn/v1/promotion_pb.ts";
import { Verdict, type Tone } from "./words.tsx";

const TONES: Partial<Record<Judged, Tone>> = {
  [Judged.PASS]: "pass",
  [Judged.FAIL]: "fail",
  [Judged.ERROR]: "fail",
  [Judged.INCONCLUSIVE]: "warn",
};

export function toneOf(verdict: Judged): Tone {
  return TONES[verdict] ?? "none";
}

export function JudgedAs({ verdict }: { verdict: Judged }) {
  return <Verdict tone={toneOf(verdict)} word={Judged[verdict].toLowerCase()} />;
}

const OUTCOMES: Record<Outcome, [Tone, string]> = {
  [Outcome.OUTCOME_UNSPECIFIED]: ["none", "unknown"],
  [Outcome.PROMOTED]: ["pass", "promoted"],
  [Outcome.NO_CHANGE]: ["none", "no change"],
  [Outcome.REFUSED]: ["fail", "refused"],
  [Outcome.NOT_ENFORCED]: ["warn", "not enforced"],
  [Outcome.ROLLED_BACK]: ["warn", "rolled back"],
  [Outcome.OVERRIDDEN]: ["fail", "overridden"],
  [Outcome.HELD]: ["warn", "held"],
  [Outcome.RELEASED]: ["none", "released"],
};

/** An outcome this UI does not know is told by nothing but its number. */
export function saidOf(outcome: Outcome): [Tone, string] {
  return (OUTCOMES as Partial<typeof OUTCOMES>)[outcome] ?? ["none", `outcome ${outcome}`];
}

export function OutcomeOf({ outcome }: { outcome: Outcome }) {
  const [tone, word] = saidOf(outcome);
  return <Verdict tone={tone} word={word} />;
}

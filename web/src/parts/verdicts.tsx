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

export function OutcomeOf({ outcome }: { outcome: Outcome }) {
  const [tone, word] = OUTCOMES[outcome];
  return <Verdict tone={tone} word={word} />;
}

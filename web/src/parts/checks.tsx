// The checks of a candidate as a tree: passed ones fold away, the deciding one is open.
import type {
  CandidateResult,
  CheckResult,
  Counterfactual,
  Decision,
} from "../../gen/cairn/v1/promotion_pb.ts";
import { Verdict as Judged } from "../../gen/cairn/v1/promotion_pb.ts";
import { barOf, flipOf } from "../text/margins.ts";
import { delta, measured } from "../text/numbers.ts";
import { lineOfPolicy } from "./policy_text.tsx";
import { JudgedAs, toneOf } from "./verdicts.tsx";
import { Name, Value } from "./words.tsx";

function isResource(evidence: string): boolean {
  return /^(models|datasets|experiments)\//.test(evidence);
}

/** How far the value is from the threshold, and where it would turn the verdict. */
export function MarginBar({ check, flips }: { check: CheckResult; flips: Counterfactual[] }) {
  const bar = barOf(check.observed, check.margin);
  if (bar === undefined) return null;
  const marks = flips.flatMap((flip) => {
    const at = flipOf(check, flip);
    return at === undefined ? [] : [{ at, flip }];
  });
  return (
    <span
      class="margin"
      data-tone={toneOf(check.verdict)}
      role="img"
      aria-label={[`margin ${delta(check.margin ?? 0)}`, ...marks.map(turning)].join("; ")}
      title={marks.map(turning).join("; ")}
    >
      <i class="observed" style={{ left: `${bar.from}%`, width: `${bar.width}%` }} />
      <i class="needed" style={{ left: `${bar.needed}%` }} />
      {marks.map(({ at, flip }) => (
        <i key={flip.check} class="flips" style={{ left: `${at}%` }} />
      ))}
    </span>
  );
}

function turning({ flip }: { flip: Counterfactual }): string {
  return `${flip.subject} ${measured(flip.needed)} would turn the verdict`;
}

/** Leads to the rule in the revision of the policy that the decision was made by. */
export function RuleLine({ decision, line }: { decision: Decision | undefined; line: number }) {
  const text = `line ${line} of the policy`;
  if (decision === undefined || decision.policy === "") return <span class="quiet">{text}</span>;
  return (
    <a class="nowrap" href={lineOfPolicy(decision.channel, line, decision.policyRevision)}>
      {text}
    </a>
  );
}

function Check({
  check,
  flips,
  decision,
}: {
  check: CheckResult;
  flips: Counterfactual[];
  decision: Decision | undefined;
}) {
  const own = flips.filter((flip) => flip.check === check.id);
  const passed = check.verdict === Judged.PASS || check.verdict === Judged.SKIPPED;
  return (
    <details class="check" open={!passed}>
      <summary>
        <JudgedAs verdict={check.verdict} />
        <span>{check.id}</span>
        <span class="quiet">
          {check.stage}
          {check.shadow ? ", in shadow: not counted" : ""}
        </span>
      </summary>
      <div class="check-body">
        <p>{check.message}</p>
        {check.observed !== undefined && (
          <div class="row">
            <span>
              {check.metric} <Value value={check.observed} />
            </span>
            {check.baseline !== undefined && (
              <span class="quiet">
                champion <Value value={check.baseline} />
              </span>
            )}
            {check.needed !== "" && <span class="quiet">needed {check.needed}</span>}
            {check.margin !== undefined && <span>margin {delta(check.margin)}</span>}
            <MarginBar check={check} flips={flips} />
            {own.map((flip) => (
              <span key={flip.subject} class="quiet">
                ◂ turns at <Value value={flip.needed} />
              </span>
            ))}
          </div>
        )}
        {check.evidence.length > 0 && (
          <p class="quiet row">
            evidence:
            {check.evidence.map((one) =>
              isResource(one) ? <Name key={one} name={one} /> : <code key={one}>{one}</code>,
            )}
          </p>
        )}
        {check.line > 0 && <RuleLine decision={decision} line={check.line} />}
      </div>
    </details>
  );
}

export function Checks({
  candidate,
  decision,
}: {
  candidate: CandidateResult;
  decision: Decision | undefined;
}) {
  return (
    <div>
      {candidate.checks.map((check) => (
        <Check
          key={`${check.stage}/${check.id}`}
          check={check}
          flips={candidate.counterfactuals}
          decision={decision}
        />
      ))}
      <Flips candidate={candidate} />
    </div>
  );
}

/** The smallest single change that would turn the verdict, as the server found by evaluating it. */
export function Flips({ candidate }: { candidate: CandidateResult }) {
  if (candidate.wouldFlip.length === 0) return null;
  return (
    <div class="notice">
      <h3>What would turn the verdict</h3>
      <ul>
        {candidate.wouldFlip.map((sentence) => (
          <li key={sentence}>{sentence}</li>
        ))}
      </ul>
    </div>
  );
}

// A candidate beside the one that was served instead: the same checks in two columns.
import type {
  CandidateResult,
  CheckResult,
  Counterfactual,
  Decision,
} from "../../gen/cairn/v1/promotion_pb.ts";
import { align } from "../text/aligned.ts";
import { spoken } from "../text/names.ts";
import { Flips, MarginBar, RuleLine } from "./checks.tsx";
import { JudgedAs } from "./verdicts.tsx";
import { Value } from "./words.tsx";

interface CellProps {
  check: CheckResult | undefined;
  flips: Counterfactual[];
}

function Cell({ check, flips }: CellProps) {
  if (check === undefined) return <td class="quiet">not looked at</td>;
  return (
    <td title={check.message}>
      <div class="row">
        <JudgedAs verdict={check.verdict} />
        {check.observed !== undefined && <Value value={check.observed} />}
        <MarginBar check={check} flips={flips} />
      </div>
    </td>
  );
}

export function WhyNot({
  loser,
  winner,
  decision,
}: {
  loser: CandidateResult;
  winner: CandidateResult;
  decision: Decision;
}) {
  return (
    <>
      <div class="scroll-x">
        <table class="full">
          <thead>
            <tr>
              <th>check</th>
              <th class="number">needed</th>
              <th>{spoken(loser.version)}</th>
              <th>{spoken(winner.version)}</th>
              <th>what it says of {spoken(loser.version)}</th>
            </tr>
          </thead>
          <tbody>
            {align(loser.checks, winner.checks).map(({ key, left, right }) => {
              const check = left ?? right;
              return (
                <tr key={key}>
                  <td class="nowrap">
                    {check?.id}{" "}
                    <span class="quiet">{check?.shadow === true ? "in shadow" : ""}</span>
                  </td>
                  <td class="number quiet">{check?.needed}</td>
                  <Cell check={left} flips={loser.counterfactuals} />
                  <Cell check={right} flips={winner.counterfactuals} />
                  <td class="wordy">
                    <span class="quiet">{left?.message}</span>{" "}
                    {check !== undefined && check.line > 0 && (
                      <RuleLine decision={decision} line={check.line} />
                    )}
                  </td>
                </tr>
              );
            })}
          </tbody>
        </table>
      </div>
      <Flips candidate={loser} />
    </>
  );
}

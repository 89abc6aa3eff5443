// What a decision says differently than the one before it in the channel; read when it is opened.
import { useState } from "preact/hooks";
import type { CheckResult, Decision } from "../../gen/cairn/v1/promotion_pb.ts";
import { useCandidates } from "../api/channels.ts";
import { changesOf, type Changes, type Difference } from "../text/decision_changes.ts";
import { spoken } from "../text/names.ts";
import { count } from "../text/numbers.ts";
import { Panel } from "./page.tsx";
import { Loaded } from "./state.tsx";
import { JudgedAs } from "./verdicts.tsx";
import { Name, Value } from "./words.tsx";

interface Both {
  decision: Decision;
  before: Decision;
}

export function DecisionChanges({ decision, before }: Both) {
  const [open, setOpen] = useState(false);
  return (
    <Panel title="Against the decision before">
      <details onToggle={(event) => setOpen(event.currentTarget.open)}>
        <summary>Compare with {spoken(before.name)}, check by check</summary>
        {open && <Compared decision={decision} before={before} />}
      </details>
    </Panel>
  );
}

function Compared({ decision, before }: Both) {
  const [now, then] = [useCandidates(decision), useCandidates(before)];
  return (
    <Loaded query={then} rows={4}>
      {(earlier) => (
        <Loaded query={now} rows={4}>
          {({ rows }) => (
            <Told decision={decision} before={before} changes={changesOf(earlier.rows, rows)} />
          )}
        </Loaded>
      )}
    </Loaded>
  );
}

function Told({ decision, before, changes }: Both & { changes: Changes<CheckResult> }) {
  const { differences, same, came, left } = changes;
  return (
    <div class="stack-tight">
      <p>
        <Name name={before.name} />: {before.message}
      </p>
      {decision.policyRevision !== before.policyRevision && (
        <p>
          The policy was at revision {count(before.policyRevision)}, now{" "}
          {count(decision.policyRevision)}.
        </p>
      )}
      <Versions versions={came} what="Judged now and not before" />
      <Versions versions={left} what="Judged before and not now" />
      {differences.length > 0 && <Table differences={differences} />}
      <p class="quiet">
        Checks of versions in both: {count(differences.length)} came out differently, {count(same)}{" "}
        as before, which are left out.
      </p>
    </div>
  );
}

function Versions({ versions, what }: { versions: string[]; what: string }) {
  if (versions.length === 0) return null;
  return (
    <p>
      {what}: {versions.map((version) => [<Name key={version} name={version} />, " "])}
    </p>
  );
}

function Table({ differences }: { differences: Difference<CheckResult>[] }) {
  return (
    <div class="scroll-x">
      <table class="full">
        <thead>
          <tr>
            <th>version</th>
            <th>check</th>
            <th>before</th>
            <th>now</th>
          </tr>
        </thead>
        <tbody>
          {differences.map(({ version, key, before, now }) => (
            <tr key={`${version} ${key}`}>
              <td class="nowrap">
                <Name name={version} />
              </td>
              <td class="nowrap">{(now ?? before)?.id}</td>
              <Cell check={before} />
              <Cell check={now} />
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Cell({ check }: { check: CheckResult | undefined }) {
  if (check === undefined) return <td class="quiet">not looked at</td>;
  return (
    <td title={check.message}>
      <div class="row">
        <JudgedAs verdict={check.verdict} />
        {check.observed !== undefined && (
          <span>
            {check.metric} <Value value={check.observed} />
          </span>
        )}
        <span class="quiet">{check.needed !== "" && `needed ${check.needed}`}</span>
      </div>
    </td>
  );
}

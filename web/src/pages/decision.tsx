// One decision: what it says in a sentence, and every check that made it so.
import { useEffect, useState } from "preact/hooks";
import type { CandidateResult, Decision } from "../../gen/cairn/v1/promotion_pb.ts";
import { useCandidates, useDecisions } from "../api/channels.ts";
import { promotion } from "../api/services/promotion.ts";
import { useQuery } from "../api/queries.ts";
import { go } from "../app/address.ts";
import { addKeys } from "../app/keys.ts";
import type { PageOfResource } from "../app/resource.ts";
import { Checks } from "../parts/checks.tsx";
import { DecisionChanges } from "../parts/decision_changes.tsx";
import { CopyButton, Page, Pairs, Panel } from "../parts/page.tsx";
import { lineOfPolicy } from "../parts/policy_text.tsx";
import { Replay } from "../parts/replay.tsx";
import { Loaded } from "../parts/state.tsx";
import { JudgedAs, OutcomeOf } from "../parts/verdicts.tsx";
import { WhyNot } from "../parts/why_not.tsx";
import { Name, When } from "../parts/words.tsx";
import { around, byRank } from "../text/aligned.ts";
import { commandFor, explainCommand } from "../text/commands.ts";
import { lastOf, pageOf, parentOf, spoken } from "../text/names.ts";
import { count } from "../text/numbers.ts";

export function DecisionPage({ name }: PageOfResource) {
  const query = useQuery(name, () => promotion.getDecision({ name }));
  const channel = parentOf(name);
  const list = useDecisions(channel);
  const { older, newer } = around(list.data?.rows ?? [], name);
  useEffect(
    () =>
      addKeys([
        { keys: "[", does: "the decision before", run: () => older && go(pageOf(older.name)) },
        { keys: "]", does: "the decision after", run: () => newer && go(pageOf(newer.name)) },
      ]),
    [older?.name, newer?.name],
  );
  // What the channel was after this decision: as the next one saw it.
  const after = newer?.storeRevision ?? 0n;
  return (
    <Page
      title={spoken(name)}
      crumbs={[
        { label: "Models", name: "models" },
        { label: lastOf(parentOf(channel)), name: parentOf(channel) },
        { label: lastOf(channel), name: channel },
      ]}
      mlctl={commandFor(name)}
      json={query.data}
      travels
      actions={
        <>
          <Neighbour decision={older} label="‹ before" />
          <Neighbour decision={newer} label="after ›" />
          <CopyButton label="mlctl why" what="Command" text={explainCommand(channel, "", after)} />
        </>
      }
    >
      <Loaded query={query} rows={10}>
        {(decision) => <DecisionBody decision={decision} before={older} after={after} />}
      </Loaded>
    </Page>
  );
}

function Neighbour({ decision, label }: { decision: Decision | undefined; label: string }) {
  if (decision === undefined) return null;
  return (
    <a href={pageOf(decision.name)} title={decision.message}>
      {label}
    </a>
  );
}

function DecisionBody({
  decision,
  before,
  after,
}: {
  decision: Decision;
  before: Decision | undefined;
  after: bigint;
}) {
  const query = useCandidates(decision);
  return (
    <>
      <p class="verdict-line">
        <OutcomeOf outcome={decision.outcome} /> {decision.message}
      </p>
      {decision.reason !== "" && (
        <p class="notice warned">
          {decision.principal === "" ? "Somebody" : decision.principal} wrote: {decision.reason}
        </p>
      )}
      <Replay key={decision.name} name={decision.name} />
      <Loaded query={query} rows={6}>
        {({ rows }) => <Candidates decision={decision} candidates={rows} after={after} />}
      </Loaded>
      {before !== undefined && (
        <DecisionChanges key={`${decision.name} changes`} decision={decision} before={before} />
      )}
      <div class="columns">
        <Facts decision={decision} />
        <ReadSet decision={decision} />
      </div>
    </>
  );
}

function Facts({ decision }: { decision: Decision }) {
  return (
    <Panel title="Decision">
      <Pairs
        rows={[
          ["verdict", <JudgedAs verdict={decision.verdict} />],
          ["chosen", <Name name={decision.chosenVersion} />],
          ["before", <Name name={decision.previousVersion} />],
          [
            "epoch",
            decision.epoch === decision.epochSeen
              ? `${count(decision.epoch)}, as before`
              : `${count(decision.epochSeen)} → ${count(decision.epoch)}`,
          ],
          ["made", <When at={decision.decideTime} />],
          ["by", decision.principal],
          ["policy", decision.policy !== "" && <PolicyOf decision={decision} />],
          [
            "policy's digest",
            decision.policySha256 !== "" && (
              <code title={decision.policySha256}>{decision.policySha256.slice(0, 12)}</code>
            ),
          ],
          [
            "evidence's digest",
            decision.evidenceSha256 !== "" && (
              <code title={decision.evidenceSha256}>{decision.evidenceSha256.slice(0, 12)}</code>
            ),
          ],
          [
            "held back",
            decision.heldVersions.length > 0 &&
              decision.heldVersions.map((v) => [<Name key={v} name={v} />, " "]),
          ],
        ]}
      />
    </Panel>
  );
}

function PolicyOf({ decision }: { decision: Decision }) {
  return (
    <a href={lineOfPolicy(decision.channel, 1, decision.policyRevision)}>
      {decision.policy}, revision {decision.policyRevision.toString()}
    </a>
  );
}

/** Everything the decision rests on, as the store had it when it was read. */
function ReadSet({ decision }: { decision: Decision }) {
  const { readSet, storeRevision } = decision;
  return (
    <Panel title="What it read">
      <details>
        <summary>
          {count(readSet.length)} records at revision {count(storeRevision)}
        </summary>
        <div class="scroll-x">
          <table class="full">
            <tbody>
              {readSet.map(({ key, revision, sha256 }) => (
                <tr key={key}>
                  <td>{revision === 0n ? key : <Name name={key}>{key}</Name>}</td>
                  <td class="number">{revision === 0n ? "absent" : count(revision)}</td>
                  <td class="mono quiet" title={sha256}>
                    {sha256.slice(0, 12)}
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      </details>
    </Panel>
  );
}

/** The candidates in the order of the decision; one of them is open below the list. */
function Candidates({
  decision,
  candidates,
  after,
}: {
  decision: Decision;
  candidates: CandidateResult[];
  after: bigint;
}) {
  const served = decision.chosenVersion === "" ? decision.previousVersion : decision.chosenVersion;
  const winner = candidates.find(({ version }) => version === served);
  // What the decision is about: the chosen one, else the first that was refused.
  const losers = candidates.filter((one) => one !== winner);
  const first = decision.chosenVersion === "" ? (losers[0] ?? winner) : (winner ?? losers[0]);
  const [open, setOpen] = useState(first?.version ?? "");
  useEffect(() => setOpen(first?.version ?? ""), [decision.name]);
  const shown = candidates.find(({ version }) => version === open);
  if (shown === undefined) return <p class="panel quiet">No policy was asked about a version.</p>;
  return (
    <>
      <Panel title={`Candidates (${candidates.length})`}>
        <ol>
          {byRank(candidates).map((one) => (
            <Candidate
              key={one.version}
              candidate={one}
              chosen={one.version === decision.chosenVersion}
              open={one === shown}
              onOpen={() => setOpen(one.version)}
            />
          ))}
        </ol>
      </Panel>
      {winner === undefined || winner === shown ? (
        <Panel title={`Checks of ${spoken(shown.version)}`}>
          <Checks candidate={shown} decision={decision} />
        </Panel>
      ) : (
        <Panel title={`Why not ${spoken(shown.version)}, beside ${spoken(winner.version)}`}>
          <div class="row">
            <CopyButton
              label="mlctl why-not"
              what="Command"
              text={explainCommand(decision.channel, shown.version, after)}
            />
          </div>
          <WhyNot loser={shown} winner={winner} decision={decision} />
        </Panel>
      )}
    </>
  );
}

function Candidate({
  candidate,
  chosen,
  open,
  onOpen,
}: {
  candidate: CandidateResult;
  chosen: boolean;
  open: boolean;
  onOpen: () => void;
}) {
  const { version, verdict, rank, message, lostBy } = candidate;
  return (
    <li class="entry" {...(open ? { "aria-current": "true" } : {})}>
      {rank > 0 && <span class="place">place {rank}</span>}
      <JudgedAs verdict={verdict} />
      <span class="nowrap">
        <button type="button" class="link" aria-pressed={open} onClick={onOpen}>
          {spoken(version)}
        </button>{" "}
        <a href={pageOf(version)} aria-label={`page of ${spoken(version)}`}>
          ↗
        </a>
        {chosen && <b> chosen</b>}
      </span>
      <span class="quiet" title={lostBy === "" ? "" : `lost by ${lostBy}`}>
        {message}
      </span>
    </li>
  );
}

// One decision: what it says in a sentence, and every check that made it so.
import { useEffect, useState } from "preact/hooks";
import type { CandidateResult, Decision } from "../../gen/cairn/v1/promotion_pb.ts";
import { everyPage, promotion } from "../api/calls.ts";
import { useQuery } from "../api/queries.ts";
import type { PageOfResource } from "../app/routes.tsx";
import { Checks } from "../parts/checks.tsx";
import { Page, Pairs, Panel } from "../parts/page.tsx";
import { Empty, Loaded } from "../parts/state.tsx";
import { JudgedAs, OutcomeOf } from "../parts/verdicts.tsx";
import { Name, When } from "../parts/words.tsx";
import { commandFor } from "../text/commands.ts";
import { lastOf, parentOf, spoken } from "../text/names.ts";
import { count } from "../text/numbers.ts";

async function readCandidates(decision: Decision) {
  if (decision.candidates.length >= decision.candidateCount) {
    return { rows: decision.candidates, whole: true };
  }
  return everyPage(async (pageToken) => {
    const page = await promotion.listDecisionCandidates({
      parent: decision.name,
      pageToken,
      pageSize: 1000,
    });
    return { rows: page.candidates, nextPageToken: page.nextPageToken };
  });
}

export function DecisionPage({ name }: PageOfResource) {
  const query = useQuery(name, () => promotion.getDecision({ name }));
  const channel = parentOf(name);
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
    >
      <Loaded query={query} rows={10}>
        {(decision) => <DecisionBody decision={decision} />}
      </Loaded>
    </Page>
  );
}

function DecisionBody({ decision }: { decision: Decision }) {
  const query = useQuery(`${decision.name} candidates`, () => readCandidates(decision));
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
      <div class="columns">
        <Panel title="Decision">
          <Pairs
            rows={[
              ["verdict", <JudgedAs verdict={decision.verdict} />],
              ["chosen", <Name name={decision.chosenVersion} />],
              ["before", <Name name={decision.previousVersion} />],
              ["epoch", decision.epoch === 0n ? "" : count(decision.epoch)],
              ["made", <When at={decision.decideTime} />],
              ["by", decision.principal],
              [
                "policy",
                decision.policy === ""
                  ? ""
                  : `${decision.policy}, revision ${decision.policyRevision}`,
              ],
              [
                "policy's digest",
                <code title={decision.policySha256}>{decision.policySha256.slice(0, 12)}</code>,
              ],
              [
                "evidence's digest",
                <code title={decision.evidenceSha256}>{decision.evidenceSha256.slice(0, 12)}</code>,
              ],
              ["read", `${decision.readSet.length} records at revision ${decision.storeRevision}`],
              [
                "held back",
                decision.heldVersions.length > 0 &&
                  decision.heldVersions.map((v) => <Name key={v} name={v} />),
              ],
            ]}
          />
        </Panel>
        <Loaded query={query} rows={6}>
          {({ rows }) => <Candidates decision={decision} candidates={rows} />}
        </Loaded>
      </div>
    </>
  );
}

/** The candidates in the order of the decision; one of them is open beside the list. */
function Candidates({
  decision,
  candidates,
}: {
  decision: Decision;
  candidates: CandidateResult[];
}) {
  const first =
    candidates.find(({ version }) => version === decision.chosenVersion) ?? candidates[0];
  const [open, setOpen] = useState(first?.version ?? "");
  useEffect(() => setOpen(first?.version ?? ""), [decision.name]);
  const shown = candidates.find(({ version }) => version === open);
  if (shown === undefined) return <Empty what="No version was looked at." />;
  return (
    <>
      <Panel title={`Candidates (${candidates.length})`}>
        <table class="full">
          <tbody>
            {candidates.map(({ version, verdict, rank, message }) => (
              <tr key={version} aria-selected={version === open}>
                <td>
                  <button type="button" class="link" onClick={() => setOpen(version)}>
                    {spoken(version)}
                  </button>
                </td>
                <td>
                  <JudgedAs verdict={verdict} />
                </td>
                <td class="number">{rank > 0 ? `place ${rank}` : ""}</td>
                <td class="quiet">{message}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </Panel>
      <Panel title={`Checks of ${spoken(shown.version)}`}>
        <p>
          <Name name={shown.version} /> {shown.message}
          {shown.lostBy !== "" && ` It lost by ${shown.lostBy}.`}
        </p>
        <Checks candidate={shown} decision={decision} />
      </Panel>
    </>
  );
}

// What happened to production, entry by entry of the audit chain, and what happens now.
import { useEffect, useState } from "preact/hooks";
import { Event_Kind } from "../../gen/cairn/v1/events_pb.ts";
import { audit } from "../api/calls.ts";
import { onChange, type Change } from "../api/live.ts";
import { useQuery } from "../api/queries.ts";
import { Page, Panel } from "../parts/page.tsx";
import { now } from "../parts/clock.ts";
import { Empty, Loaded } from "../parts/state.tsx";
import { Name, When } from "../parts/words.tsx";
import { count } from "../text/numbers.ts";
import { ago } from "../text/times.ts";
import { kindInWords } from "../text/kinds.ts";

const SHOWN = 200;

async function readAudit() {
  const [page, checkpoint] = await Promise.all([
    audit.listAuditEntries({ pageSize: SHOWN }),
    audit.getAuditCheckpoint({}),
  ]);
  return { entries: page.entries, checkpoint };
}

export function ActivityPage() {
  const query = useQuery("audit", readAudit, ({ kind }) =>
    /CHANNEL|DECISION|POLICY|ALIAS/.test(kind),
  );
  return (
    <Page title="Activity" mlctl="mlctl audit list" json={query.data?.entries}>
      <LiveFeed />
      <Panel title="Audit, newest first">
        <Loaded query={query} rows={12}>
          {({ entries, checkpoint }) => (
            <>
              <p class="quiet">
                {count(checkpoint.size)} entries are signed with{" "}
                <code>{checkpoint.verifierKey}</code>. Anybody can verify an export:{" "}
                <code>mlctl audit verify FILE</code>.
              </p>
              {entries.length === 0 && <Empty what="Nothing was decided or granted yet." />}
              <table class="full">
                <tbody>
                  {entries.map((entry) => (
                    <tr key={entry.sequence.toString()}>
                      <td class="number">{count(entry.sequence)}</td>
                      <td>
                        <When at={entry.commitTime} />
                      </td>
                      <td>{kindInWords(Event_Kind[entry.kind])}</td>
                      <td>
                        <Name name={entry.resource} />
                      </td>
                      <td>{entry.principal}</td>
                      <td class="mono quiet" title={entry.chainSha256}>
                        {entry.chainSha256.slice(0, 12)}
                      </td>
                    </tr>
                  ))}
                </tbody>
              </table>
            </>
          )}
        </Loaded>
      </Panel>
    </Page>
  );
}

const FEED_ROWS = 20;

function LiveFeed() {
  const [changes, setChanges] = useState<Change[]>([]);
  useEffect(
    () =>
      onChange((change) => {
        if (!change.relisted) setChanges((known) => [change, ...known].slice(0, FEED_ROWS));
      }),
    [],
  );
  return (
    <Panel title="Now">
      {changes.length === 0 && <p class="quiet">Changes appear here as they are committed.</p>}
      <table class="full">
        <tbody>
          {changes.map((change) => (
            <tr key={`${change.revision} ${change.kind} ${change.resource}`} class="fresh">
              <td class="number">{change.revision}</td>
              <td>{ago(change.time, now.value)}</td>
              <td>{kindInWords(change.kind)}</td>
              <td>
                <Name name={change.resource} />
              </td>
              <td>{change.principal}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </Panel>
  );
}

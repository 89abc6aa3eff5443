// What happened to production, entry by entry of the audit chain, and what happens now.
import { useEffect, useState } from "preact/hooks";
import type { AuditEntry } from "../../gen/cairn/v1/audit_pb.ts";
import { Event_Kind } from "../../gen/cairn/v1/events_pb.ts";
import { everyPage } from "../api/calls.ts";
import { audit } from "../api/services/audit.ts";
import { onChange, type Change } from "../api/live.ts";
import { useQuery } from "../api/queries.ts";
import { query, setQuery } from "../app/address.ts";
import { Page, Panel } from "../parts/page.tsx";
import { now } from "../parts/clock.ts";
import { Empty, Loaded } from "../parts/state.tsx";
import { Name, When } from "../parts/words.tsx";
import { count } from "../text/numbers.ts";
import { ago } from "../text/times.ts";
import { kindInWords } from "../text/kinds.ts";

const PAGE = 200;

// What the audit keeps: what changes production, and who may.
const KINDS = /CHANNEL|DECISION|POLICY|ALIAS|TOKEN|ROLE/;

async function readAudit(resourcePrefix: string, kind: string, pages: number) {
  const kinds = kind in Event_Kind ? [Event_Kind[kind as keyof typeof Event_Kind]] : [];
  const [list, checkpoint] = await Promise.all([
    everyPage(async (pageToken) => {
      const page = await audit.listAuditEntries({
        resourcePrefix,
        kinds,
        pageSize: PAGE,
        pageToken,
      });
      return { rows: page.entries, nextPageToken: page.nextPageToken };
    }, pages * PAGE),
    audit.getAuditCheckpoint({}),
  ]);
  return { ...list, checkpoint };
}

export function ActivityPage() {
  return (
    <Page title="Activity" mlctl="mlctl audit list">
      <LiveFeed />
      <Panel title="Audit, newest first">
        <Filter />
        <Audit />
      </Panel>
    </Page>
  );
}

function Filter() {
  const kind = query.value.get("kind") ?? "";
  const names = Object.keys(Event_Kind).filter((name) => KINDS.test(name));
  return (
    <div class="row">
      <label class="row">
        About
        <input
          class="field"
          placeholder="models/…"
          value={query.value.get("about") ?? ""}
          onChange={(event) => setQuery({ about: event.currentTarget.value.trim() })}
        />
      </label>
      <label class="row">
        Kind
        <select
          class="field"
          value={kind}
          onChange={(event) => setQuery({ kind: event.currentTarget.value })}
        >
          <option value="">all</option>
          {names.map((name) => (
            <option key={name} value={name}>
              {kindInWords(name)}
            </option>
          ))}
        </select>
      </label>
    </div>
  );
}

function Audit() {
  const [pages, setPages] = useState(1);
  const about = query.value.get("about") ?? "";
  const kind = query.value.get("kind") ?? "";
  const found = useQuery(
    `audit ${about} ${kind} ${pages}`,
    () => readAudit(about, kind, pages),
    (change) => KINDS.test(change.kind),
  );
  return (
    <Loaded query={found} rows={12}>
      {({ rows, whole, checkpoint }) => (
        <>
          <p class="quiet">
            {count(checkpoint.size)} entries in all, signed with{" "}
            <code>{checkpoint.verifierKey}</code>. Anybody can verify an export:{" "}
            <code>mlctl audit verify FILE</code>.
          </p>
          {rows.length === 0 && <Empty what="No entry is like that." />}
          <div class="scroll-x">
            <table class="full">
              <tbody>
                {rows.map((entry) => (
                  <Row key={entry.sequence.toString()} entry={entry} />
                ))}
              </tbody>
            </table>
          </div>
          {!whole && (
            <button type="button" class="button" onClick={() => setPages(pages + 1)}>
              Older ones
            </button>
          )}
        </>
      )}
    </Loaded>
  );
}

function Row({ entry }: { entry: AuditEntry }) {
  return (
    <tr>
      <td class="number">{count(entry.sequence)}</td>
      <td>
        <When at={entry.commitTime} />
      </td>
      <td class="nowrap">{kindInWords(Event_Kind[entry.kind])}</td>
      <td>
        <Name name={entry.resource} />
      </td>
      <td>{entry.principal}</td>
      <td class="mono quiet" title={entry.chainSha256}>
        {entry.chainSha256.slice(0, 12)}
      </td>
    </tr>
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

// What serves, what runs, what was decided lately: the page that is open all day.
import type { Channel } from "../../gen/cairn/v1/registry_pb.ts";
import { Decision_Outcome as Outcome, type Decision } from "../../gen/cairn/v1/promotion_pb.ts";
import { promotion } from "../api/services/promotion.ts";
import { registry } from "../api/services/registry.ts";
import { tracking } from "../api/services/tracking.ts";
import { below, useQuery } from "../api/queries.ts";
import { Drift } from "../parts/drift.tsx";
import { Page, Panel } from "../parts/page.tsx";
import { RunState } from "../parts/run_state.tsx";
import { Empty, Loaded } from "../parts/state.tsx";
import { OutcomeOf } from "../parts/verdicts.tsx";
import { Name, Verdict, When } from "../parts/words.tsx";
import { lastOf, parentOf, spoken } from "../text/names.ts";
import { count } from "../text/numbers.ts";
import { millis } from "../text/times.ts";
import { waiting } from "../text/waiting.ts";

const PLACES_SHOWN = 100;
const ROWS = 10;

interface Place {
  channel: Channel;
  consumers: number;
  wrong: number; // of them: silent, failed or behind
  decisions: Decision[];
}

async function readPlaces(): Promise<Place[]> {
  const { channels } = await registry.listChannels({ parent: "models/-", pageSize: PLACES_SHOWN });
  return Promise.all(
    channels.map(async (channel) => {
      const parent = channel.name;
      const [{ consumers }, { decisions }] = await Promise.all([
        registry.listConsumers({ parent, pageSize: 1000 }),
        promotion.listDecisions({ parent, pageSize: ROWS }),
      ]);
      const wrong = consumers.filter((c) => c.stale || c.lag > 0n || c.detail !== "").length;
      return { channel, consumers: consumers.length, wrong, decisions };
    }),
  );
}

export function NowPage() {
  const places = useQuery("now", readPlaces, below("models"));
  return (
    <Page title="Now" mlctl="mlctl list channels">
      <Panel title="In production">
        <Loaded query={places} rows={4}>
          {(found) => <Places places={found} />}
        </Loaded>
      </Panel>
      <Panel title="Waits for somebody">
        <Loaded query={places} rows={2}>
          {(found) => <Waiting places={found} />}
        </Loaded>
      </Panel>
      <div class="columns">
        <Panel title="Decided lately">
          <Loaded query={places} rows={4}>
            {(found) => <Decisions decisions={found.flatMap(({ decisions }) => decisions)} />}
          </Loaded>
        </Panel>
        <Runs />
        <Drift />
      </div>
    </Page>
  );
}

function Places({ places }: { places: Place[] }) {
  if (places.length === 0) {
    return (
      <Empty
        what="No channel serves anything yet: a policy makes one, and a promotion fills it."
        command={"mlctl apply -f FILE\nmlctl promote MODEL#production"}
      />
    );
  }
  return (
    <div class="scroll-x">
      <table class="full">
        <thead>
          <tr>
            <th>model</th>
            <th>channel</th>
            <th>serves</th>
            <th>since</th>
            <th>because of</th>
            <th>consumers</th>
          </tr>
        </thead>
        <tbody>
          {places.map(({ channel, consumers, wrong }) => (
            <tr key={channel.name}>
              <td>
                <Name name={parentOf(channel.name)} />
              </td>
              <td>
                <Name name={channel.name}>{lastOf(channel.name)}</Name>
              </td>
              <td>
                <Name name={channel.version} />
              </td>
              <td>
                <When at={channel.promoteTime} />
              </td>
              <td>
                <Name name={channel.decision}>{spoken(channel.decision)}</Name>
              </td>
              <td>
                {consumers === 0 ? (
                  <span class="quiet">none</span>
                ) : (
                  <Verdict
                    tone={wrong > 0 ? "warn" : "pass"}
                    word={wrong > 0 ? `${wrong} of ${consumers} not there` : `${consumers} there`}
                  />
                )}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

/** What was asked of a channel since it last moved, and was not done. */
function waitingOf({ channel, decisions }: Place) {
  const judged = decisions.map((decision) => ({
    decision,
    message: decision.message,
    at: millis(decision.decideTime) ?? 0,
    stopped: [Outcome.REFUSED, Outcome.NOT_ENFORCED].includes(decision.outcome),
  }));
  const found = waiting(judged, millis(channel.promoteTime) ?? -Infinity);
  return found.map(({ decision }) => ({ channel, decision }));
}

function Waiting({ places }: { places: Place[] }) {
  const rows = places.flatMap(waitingOf);
  if (rows.length === 0) {
    return (
      <p class="quiet">
        Nothing: among the newest {ROWS} decisions of each channel none was refused or left
        unenforced since the channel moved.
      </p>
    );
  }
  return (
    <ul>
      {rows.map(({ channel, decision }) => (
        <Decided key={decision.name} decision={decision} of={channel.name} />
      ))}
    </ul>
  );
}

/** A decision in a line, and of which channel where that is not plain. */
function Decided({ decision, of }: { decision: Decision; of?: string }) {
  return (
    <li class="entry">
      <When at={decision.decideTime} />
      <OutcomeOf outcome={decision.outcome} />
      {of !== undefined && <Name name={of} />}
      <Name name={decision.name}>{decision.message}</Name>
    </li>
  );
}

function Decisions({ decisions }: { decisions: Decision[] }) {
  const newest = [...decisions]
    .sort((a, b) => (millis(b.decideTime) ?? 0) - (millis(a.decideTime) ?? 0))
    .slice(0, ROWS);
  if (newest.length === 0) return <Empty what="Nothing was decided yet." />;
  return (
    <ul>
      {newest.map((decision) => (
        <Decided key={decision.name} decision={decision} />
      ))}
    </ul>
  );
}

function Runs() {
  const read = async () => {
    const [running, newest] = await Promise.all([
      tracking.countRuns({ filter: "state = RUNNING" }),
      tracking.searchRuns({
        pageSize: ROWS,
        readMask: { paths: ["display_name", "state", "start_time"] },
      }),
    ]);
    return { running: running.runCount, runs: newest.runs };
  };
  const query = useQuery("newest runs", read, ({ kind }) => kind.startsWith("RUN_"));
  return (
    <Panel title="Newest runs">
      <Loaded query={query} rows={ROWS}>
        {({ running, runs }) => (
          <>
            <p class="quiet">{count(running)} running</p>
            {runs.length === 0 && (
              <Empty
                what="Nobody has trained yet."
                command="cairn-pipeline run --data FILE --server HOST:PORT"
              />
            )}
            <div class="scroll-x">
              <table class="full">
                <tbody>
                  {runs.map((run) => (
                    <tr key={run.name}>
                      <td>
                        <When at={run.startTime} />
                      </td>
                      <td>
                        <RunState state={run.state} />
                      </td>
                      <td>
                        <Name name={run.name}>{run.displayName}</Name>
                      </td>
                    </tr>
                  ))}
                </tbody>
              </table>
            </div>
          </>
        )}
      </Loaded>
    </Panel>
  );
}

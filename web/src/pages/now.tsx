// What serves, what runs, what was decided lately: the page that is open all day.
import type { Channel } from "../../gen/cairn/v1/registry_pb.ts";
import type { Decision } from "../../gen/cairn/v1/promotion_pb.ts";
import { promotion, registry, tracking } from "../api/calls.ts";
import { below, useQuery } from "../api/queries.ts";
import { Page, Panel } from "../parts/page.tsx";
import { RunState } from "../parts/run_state.tsx";
import { Empty, Loaded } from "../parts/state.tsx";
import { OutcomeOf } from "../parts/verdicts.tsx";
import { Name, Verdict, When } from "../parts/words.tsx";
import { lastOf, parentOf, spoken } from "../text/names.ts";
import { count } from "../text/numbers.ts";
import { millis } from "../text/times.ts";

const MODELS_SHOWN = 50;
const ROWS = 10;

interface Place {
  channel: Channel;
  consumers: number;
  wrong: number; // of them: silent, failed or behind
  decisions: Decision[];
}

async function readPlaces(): Promise<Place[]> {
  const { models } = await registry.listModels({ pageSize: MODELS_SHOWN });
  const pages = await Promise.all(
    models.map(({ name }) => registry.listChannels({ parent: name, pageSize: 100 })),
  );
  return Promise.all(
    pages
      .flatMap(({ channels }) => channels)
      .map(async (channel) => {
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
      <div class="columns">
        <Panel title="Decided lately">
          <Loaded query={places} rows={4}>
            {(found) => <Decisions decisions={found.flatMap(({ decisions }) => decisions)} />}
          </Loaded>
        </Panel>
        <Runs />
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

function Decisions({ decisions }: { decisions: Decision[] }) {
  const newest = [...decisions]
    .sort((a, b) => (millis(b.decideTime) ?? 0) - (millis(a.decideTime) ?? 0))
    .slice(0, ROWS);
  if (newest.length === 0) return <Empty what="Nothing was decided yet." />;
  return (
    <table class="full">
      <tbody>
        {newest.map((decision) => (
          <tr key={decision.name}>
            <td>
              <When at={decision.decideTime} />
            </td>
            <td>
              <OutcomeOf outcome={decision.outcome} />
            </td>
            <td class="wordy">
              <Name name={decision.name}>{decision.message}</Name>
            </td>
          </tr>
        ))}
      </tbody>
    </table>
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
          </>
        )}
      </Loaded>
    </Panel>
  );
}

// A channel: what it serves, since when and why, who serves it, and how it came here.
import type { Channel, Consumer } from "../../gen/cairn/v1/registry_pb.ts";
import { Consumer_State, Rollout_State } from "../../gen/cairn/v1/registry_pb.ts";
import { promotion } from "../api/services/promotion.ts";
import { registry } from "../api/services/registry.ts";
import { useConsumers, useDecisions } from "../api/channels.ts";
import { below, useQuery } from "../api/queries.ts";
import { asOf } from "../app/as_of.ts";
import type { PageOfResource } from "../app/resource.ts";
import { Page, Pairs, Panel } from "../parts/page.tsx";
import { PolicyText } from "../parts/policy_text.tsx";
import { Empty, Loaded } from "../parts/state.tsx";
import { Timeline } from "../parts/timeline.tsx";
import { ChannelVerbs } from "../parts/verb_buttons.tsx";
import { OutcomeOf } from "../parts/verdicts.tsx";
import { Name, Verdict, When, type Tone } from "../parts/words.tsx";
import { explainCommand } from "../text/commands.ts";
import { lastOf, parentOf, spoken } from "../text/names.ts";
import { count } from "../text/numbers.ts";

const DECISIONS_SHOWN = 100;

export function ChannelPage({ name }: PageOfResource) {
  const at = asOf.value;
  const read = () => registry.getChannel({ name, asOfRevision: at });
  const query = useQuery(`${name} at ${at}`, read, below(name));
  const model = parentOf(name);
  return (
    <Page
      title={spoken(name)}
      crumbs={[
        { label: "Models", name: "models" },
        { label: lastOf(model), name: model },
      ]}
      mlctl={explainCommand(name, "", at)}
      json={query.data}
      travels
      actions={query.data !== undefined && at === 0n && <ChannelVerbs channel={query.data} />}
    >
      <Loaded query={query} rows={8}>
        {(channel) => (
          <div class="columns">
            <Served channel={channel} />
            <Policy channel={channel} />
          </div>
        )}
      </Loaded>
      {at === 0n && (
        <Panel title="History">
          <Timeline channel={name} />
        </Panel>
      )}
      {at === 0n && <Consumers channel={name} />}
      <Decisions channel={name} />
    </Page>
  );
}

function Served({ channel }: { channel: Channel }) {
  const { name } = channel;
  const at = asOf.value;
  const read = () => promotion.explain({ name, asOfRevision: at });
  const why = useQuery(`${name} why at ${at}`, read, below(name));
  return (
    <Panel title="Serves">
      <Pairs
        rows={[
          ["version", <Name name={channel.version} />],
          ["epoch", count(channel.epoch)],
          ["since", <When at={channel.promoteTime} />],
          ["decision", <Name name={channel.decision} />],
          [
            "rollout",
            channel.epoch === 0n ? "" : Rollout_State[channel.rolloutState].toLowerCase(),
          ],
          [
            "digest",
            channel.versionSha256 !== "" && (
              <code title={channel.versionSha256}>{channel.versionSha256.slice(0, 12)}</code>
            ),
          ],
          [
            "held back",
            channel.holds.length > 0 &&
              channel.holds.map((hold) => (
                <div key={hold.version}>
                  <Name name={hold.version} /> {hold.reason}
                </div>
              )),
          ],
        ]}
      />
      {why.data !== undefined && (
        <ul class="notice">
          {why.data.sentences.map((sentence) => (
            <li key={sentence}>{sentence}</li>
          ))}
        </ul>
      )}
    </Panel>
  );
}

function Policy({ channel }: { channel: Channel }) {
  return (
    <Panel title="Policy">
      {channel.policy === "" ? (
        <Empty what="No policy governs this channel." command="mlctl apply -f FILE" />
      ) : (
        <PolicyText name={channel.policy} />
      )}
    </Panel>
  );
}

const STATES: Record<Consumer_State, Tone> = {
  [Consumer_State.STATE_UNSPECIFIED]: "none",
  [Consumer_State.PREPARING]: "warn",
  [Consumer_State.LOADED]: "pass",
  [Consumer_State.FAILED]: "fail",
  [Consumer_State.STOPPED]: "none",
};

function ConsumerState({ consumer }: { consumer: Consumer }) {
  if (consumer.stale) return <Verdict tone="warn" word="silent" />;
  return (
    <Verdict tone={STATES[consumer.state]} word={Consumer_State[consumer.state].toLowerCase()} />
  );
}

function Consumers({ channel }: { channel: string }) {
  const query = useConsumers(channel);
  return (
    <Panel title="Who serves it">
      <Loaded query={query}>
        {({ rows }) =>
          rows.length === 0 ? (
            <Empty
              what="Nobody has said that they serve this channel."
              command={`cairn-pipeline serve --model ${spoken(channel)} --server HOST:PORT`}
            />
          ) : (
            <div class="scroll-x">
              <table class="full">
                <thead>
                  <tr>
                    <th>consumer</th>
                    <th>state</th>
                    <th>version</th>
                    <th class="number">epoch</th>
                    <th class="number">behind</th>
                    <th>address</th>
                    <th>heard</th>
                    <th>detail</th>
                  </tr>
                </thead>
                <tbody>
                  {rows.map((consumer) => (
                    <tr key={consumer.name}>
                      <td>{lastOf(consumer.name)}</td>
                      <td>
                        <ConsumerState consumer={consumer} />
                      </td>
                      <td>
                        <Name name={consumer.version} />
                      </td>
                      <td class="number">{count(consumer.epoch)}</td>
                      <td class="number">{count(consumer.lag)}</td>
                      <td class="mono">{consumer.address}</td>
                      <td>
                        <When at={consumer.reportTime} />
                      </td>
                      <td class="quiet wordy">{consumer.detail}</td>
                    </tr>
                  ))}
                </tbody>
              </table>
            </div>
          )
        }
      </Loaded>
    </Panel>
  );
}

function Decisions({ channel }: { channel: string }) {
  const query = useDecisions(channel, asOf.value);
  return (
    <Panel title="Decisions, newest first">
      <Loaded query={query}>
        {({ rows }) => (
          <>
            {rows.length === 0 && (
              <Empty what="Nothing was decided yet." command={`mlctl promote ${spoken(channel)}`} />
            )}
            <ul>
              {rows.slice(0, DECISIONS_SHOWN).map((decision) => (
                <li key={decision.name} class="entry">
                  <When at={decision.decideTime} />
                  <OutcomeOf outcome={decision.outcome} />
                  <Name name={decision.name}>{lastOf(decision.name).slice(0, 8)}</Name>
                  {decision.chosenVersion !== "" && <Name name={decision.chosenVersion} />}
                  {decision.epoch > 0n && <span>epoch {decision.epoch.toString()}</span>}
                  <span>{decision.principal}</span>
                  <span class="quiet">{decision.message}</span>
                </li>
              ))}
            </ul>
            {rows.length > DECISIONS_SHOWN && (
              <p class="quiet">The newest {DECISIONS_SHOWN}; older ones: mlctl history --all.</p>
            )}
          </>
        )}
      </Loaded>
    </Panel>
  );
}

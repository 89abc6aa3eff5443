// A model: its versions with what was measured of each, and what its channels serve.
import type { Evaluation } from "../../gen/cairn/v1/evaluations_pb.ts";
import { Evaluation_Source } from "../../gen/cairn/v1/evaluations_pb.ts";
import type { Channel, ModelVersion } from "../../gen/cairn/v1/registry_pb.ts";
import { ModelVersion_State } from "../../gen/cairn/v1/registry_pb.ts";
import { evaluations, registry } from "../api/calls.ts";
import { below, useQuery } from "../api/queries.ts";
import type { PageOfResource } from "../app/routes.tsx";
import { Page, Panel } from "../parts/page.tsx";
import { Empty, Loaded } from "../parts/state.tsx";
import { Name, Value, Verdict, When } from "../parts/words.tsx";
import { commandFor } from "../text/commands.ts";
import { lastOf, spoken } from "../text/names.ts";

const VERSIONS_SHOWN = 100;

interface Shown {
  version: ModelVersion;
  measured: Map<string, { value: number; byServer: boolean }>;
}

/** What counts of a metric: the server's own measurement, else what was reported. */
function measuredOf(list: Evaluation[]): Shown["measured"] {
  const measured: Shown["measured"] = new Map();
  for (const { source, values } of list) {
    const byServer = source === Evaluation_Source.SERVER;
    for (const { metric, value } of values) {
      if (byServer || !measured.has(metric)) measured.set(metric, { value, byServer });
    }
  }
  return measured;
}

async function readVersions(parent: string) {
  const page = await registry.listModelVersions({ parent, pageSize: VERSIONS_SHOWN });
  const rows: Shown[] = await Promise.all(
    page.modelVersions.map(async (version) => ({
      version,
      measured: measuredOf(
        (await evaluations.listEvaluations({ parent: version.name, pageSize: 100 })).evaluations,
      ),
    })),
  );
  return { rows, whole: page.nextPageToken === "" };
}

export function ModelPage({ name }: PageOfResource) {
  const model = useQuery(name, () => registry.getModel({ name }), below(name));
  const channels = useQuery(
    `${name} channels`,
    () => registry.listChannels({ parent: name, pageSize: 100 }),
    below(name),
  );
  const versions = useQuery(`${name} versions`, () => readVersions(name), below(name));
  const shown = channels.data?.channels ?? [];
  return (
    <Page
      title={model.data?.displayName ?? lastOf(name)}
      crumbs={[{ label: "Models", name: "models" }]}
      mlctl={commandFor(name)}
      json={model.data}
    >
      {model.data?.description !== undefined && <p class="panel">{model.data.description}</p>}
      <Loaded query={channels} rows={2}>
        {() => <Channels channels={shown} />}
      </Loaded>
      <Panel title="Versions, newest first">
        <Loaded query={versions} rows={10}>
          {({ rows, whole }) => <Versions rows={rows} whole={whole} channels={shown} />}
        </Loaded>
      </Panel>
    </Page>
  );
}

function Channels({ channels }: { channels: Channel[] }) {
  if (channels.length === 0) return null;
  return (
    <Panel title="Channels">
      <table class="full">
        <tbody>
          {channels.map((channel) => (
            <tr key={channel.name}>
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
                <Name name={channel.decision} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </Panel>
  );
}

function Versions({
  rows,
  whole,
  channels,
}: {
  rows: Shown[];
  whole: boolean;
  channels: Channel[];
}) {
  if (rows.length === 0) {
    return (
      <Empty
        what="This model has no version yet."
        command="cairn-pipeline run --data FILE --server HOST:PORT"
      />
    );
  }
  const metrics = [...new Set(rows.flatMap(({ measured }) => [...measured.keys()]))].sort();
  return (
    <div class="scroll-x">
      <table class="full">
        <thead>
          <tr>
            <th>version</th>
            <th>channels</th>
            <th>created</th>
            <th>run</th>
            <th>data</th>
            {metrics.map((metric) => (
              <th key={metric} class="number">
                {metric}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map(({ version, measured }) => (
            <tr key={version.name}>
              <td class="nowrap">
                <Name name={version.name}>@{lastOf(version.name)}</Name>{" "}
                {version.state === ModelVersion_State.ARCHIVED && (
                  <Verdict tone="none" word="archived" />
                )}
              </td>
              <td>
                {channels
                  .filter((channel) => channel.version === version.name)
                  .map((channel) => (
                    <Verdict key={channel.name} tone="pass" word={lastOf(channel.name)} />
                  ))}
              </td>
              <td>
                <When at={version.createTime} />
              </td>
              <td>
                <Name name={version.run}>{spoken(version.run)}</Name>
              </td>
              <td>
                <Name name={version.trainingDataset} />
              </td>
              {metrics.map((metric) => (
                <td key={metric} class="number">
                  <Value value={measured.get(metric)?.value} />
                  {measured.get(metric)?.byServer === true && (
                    <span title="measured by the server"> ✓</span>
                  )}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
      {!whole && <p class="quiet">The newest {VERSIONS_SHOWN}.</p>}
    </div>
  );
}

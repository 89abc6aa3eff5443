// A model: its versions with what was measured of each, what its channels serve, and where its
// customers went.
import type { Channel } from "../../gen/cairn/v1/registry_pb.ts";
import { evaluations } from "../api/services/evaluations.ts";
import { registry } from "../api/services/registry.ts";
import { below, useQuery } from "../api/queries.ts";
import type { PageOfResource } from "../app/resource.ts";
import { ChurnOfModel } from "../parts/churn.tsx";
import { Page, Panel } from "../parts/page.tsx";
import { Loaded } from "../parts/state.tsx";
import { measuresOf, Versions, type MeasuredVersion } from "../parts/versions.tsx";
import { Name, When } from "../parts/words.tsx";
import { commandFor } from "../text/commands.ts";
import { lastOf } from "../text/names.ts";

const VERSIONS_SHOWN = 100;

async function readVersions(parent: string) {
  const page = await registry.listModelVersions({ parent, pageSize: VERSIONS_SHOWN });
  const rows: MeasuredVersion[] = await Promise.all(
    page.modelVersions.map(async (version) => {
      const list = await evaluations.listEvaluations({ parent: version.name, pageSize: 100 });
      return { version, measures: measuresOf(version, list.evaluations) };
    }),
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
      <Panel title="Versions">
        <Loaded query={versions} rows={10}>
          {({ rows, whole }) => <Versions rows={rows} whole={whole} channels={shown} />}
        </Loaded>
      </Panel>
      {versions.data !== undefined && versions.data.rows.length > 0 && (
        <Panel title="Where customers went">
          <ChurnOfModel versions={versions.data.rows.map(({ version }) => version)} />
        </Panel>
      )}
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

import { registry } from "../api/services/registry.ts";
import { allModels } from "../api/lists.ts";
import { below, useQuery } from "../api/queries.ts";
import { Page } from "../parts/page.tsx";
import { Empty, Loaded } from "../parts/state.tsx";
import { Name, When } from "../parts/words.tsx";
import { count } from "../text/numbers.ts";
import { lastOf } from "../text/names.ts";

async function readModels() {
  const { rows, whole } = await allModels();
  const channels = await Promise.all(
    rows.slice(0, 100).map(({ name }) => registry.listChannels({ parent: name, pageSize: 100 })),
  );
  return { rows, whole, channels: channels.map((page) => page.channels) };
}

/** All models, with what their channels serve. */
export function ModelsPage() {
  const query = useQuery("models", readModels, below("models"));
  return (
    <Page title="Models" mlctl="mlctl list models" json={query.data?.rows}>
      <Loaded query={query} rows={8}>
        {({ rows, channels }) => (
          <>
            {rows.length === 0 && (
              <Empty
                what="No model is registered yet."
                command="cairn-pipeline run --data FILE --server HOST:PORT"
              />
            )}
            <table class="full">
              <thead>
                <tr>
                  <th>model</th>
                  <th class="number">versions</th>
                  <th>serves</th>
                  <th>changed</th>
                </tr>
              </thead>
              <tbody>
                {rows.map((model, index) => (
                  <tr key={model.name}>
                    <td>
                      <Name name={model.name}>{model.displayName}</Name>
                    </td>
                    <td class="number">{count(model.latestVersion)}</td>
                    <td>
                      {(channels[index] ?? []).map((channel) => (
                        <span key={channel.name} class="nowrap">
                          <Name name={channel.name}>{lastOf(channel.name)}</Name>{" "}
                          <Name name={channel.version} />{" "}
                        </span>
                      ))}
                    </td>
                    <td>
                      <When at={model.updateTime} />
                    </td>
                  </tr>
                ))}
              </tbody>
            </table>
          </>
        )}
      </Loaded>
    </Page>
  );
}

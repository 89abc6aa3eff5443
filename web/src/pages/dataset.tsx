// A data set: its versions, newest first.
import { everyPage } from "../api/calls.ts";
import { datasets } from "../api/services/datasets.ts";
import { below, useQuery } from "../api/queries.ts";
import type { PageOfResource } from "../app/resource.ts";
import { Page } from "../parts/page.tsx";
import { Empty, Loaded } from "../parts/state.tsx";
import { Name, When } from "../parts/words.tsx";
import { commandFor } from "../text/commands.ts";
import { bytes, count } from "../text/numbers.ts";
import { lastOf } from "../text/names.ts";

export function DatasetPage({ name }: PageOfResource) {
  const dataset = useQuery(name, () => datasets.getDataset({ name }), below(name));
  const read = () =>
    everyPage(async (pageToken) => {
      const page = await datasets.listDatasetVersions({ parent: name, pageToken, pageSize: 1000 });
      return { rows: page.datasetVersions, nextPageToken: page.nextPageToken };
    });
  const query = useQuery(`${name} versions`, read, below(name));
  return (
    <Page
      title={dataset.data?.displayName ?? lastOf(name)}
      crumbs={[{ label: "Data sets", name: "datasets" }]}
      mlctl={commandFor(name)}
      json={dataset.data}
      since={[name]}
    >
      <Loaded query={query} rows={6}>
        {({ rows }) =>
          rows.length === 0 ? (
            <Empty
              what="It has no version yet."
              command={`mlctl put dataset ${lastOf(name)} FILE`}
            />
          ) : (
            <div class="scroll-x">
              <table class="full">
                <thead>
                  <tr>
                    <th>version</th>
                    <th class="number">rows</th>
                    <th class="number">columns</th>
                    <th class="number">size</th>
                    <th>made by</th>
                    <th>from</th>
                    <th>created</th>
                    <th>digest</th>
                    <th>compare</th>
                  </tr>
                </thead>
                <tbody>
                  {rows.map((version, index) => (
                    <tr key={version.name}>
                      <td>
                        <Name name={version.name}>@{lastOf(version.name)}</Name>
                      </td>
                      <td class="number">{count(version.rowCount)}</td>
                      <td class="number">{version.columns.length}</td>
                      <td class="number">{bytes(version.sizeBytes)}</td>
                      <td>{version.run === "" ? version.producer : <Name name={version.run} />}</td>
                      <td>
                        {version.parents.map((parent) => (
                          <Name key={parent} name={parent} />
                        ))}
                      </td>
                      <td>
                        <When at={version.createTime} />
                      </td>
                      <td class="mono quiet" title={version.sha256}>
                        {version.sha256.slice(0, 12)}
                      </td>
                      <td>
                        {rows[index + 1] !== undefined && (
                          <a href={`/${version.name}?from=${rows[index + 1]?.name ?? ""}`}>
                            with the one before
                          </a>
                        )}
                      </td>
                    </tr>
                  ))}
                </tbody>
              </table>
            </div>
          )
        }
      </Loaded>
    </Page>
  );
}

import { allDatasets } from "../api/lists.ts";
import { below, useQuery } from "../api/queries.ts";
import { Page } from "../parts/page.tsx";
import { Empty, Loaded } from "../parts/state.tsx";
import { Name, When } from "../parts/words.tsx";
import { count } from "../text/numbers.ts";

/** All data sets. */
export function DatasetsPage() {
  const query = useQuery("datasets", allDatasets, below("datasets"));
  return (
    <Page title="Data sets" mlctl="mlctl list datasets" json={query.data?.rows}>
      <Loaded query={query} rows={8}>
        {({ rows }) => (
          <>
            {rows.length === 0 && (
              <Empty what="There is no data set yet." command="mlctl put dataset NAME FILE" />
            )}
            <table class="full">
              <thead>
                <tr>
                  <th>data set</th>
                  <th class="number">versions</th>
                  <th>aliases</th>
                  <th>changed</th>
                </tr>
              </thead>
              <tbody>
                {rows.map((dataset) => (
                  <tr key={dataset.name}>
                    <td>
                      <Name name={dataset.name}>{dataset.displayName}</Name>
                    </td>
                    <td class="number">{count(dataset.latestVersion)}</td>
                    <td>
                      {Object.entries(dataset.aliases).map(([alias, version]) => (
                        <Name key={alias} name={`${dataset.name}/versions/${version}`}>
                          {alias} @{count(version)}{" "}
                        </Name>
                      ))}
                    </td>
                    <td>
                      <When at={dataset.updateTime} />
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

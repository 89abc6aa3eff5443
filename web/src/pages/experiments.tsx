import { tracking } from "../api/services/tracking.ts";
import { allExperiments } from "../api/lists.ts";
import { below, useQuery } from "../api/queries.ts";
import { Page } from "../parts/page.tsx";
import { Empty, Loaded } from "../parts/state.tsx";
import { Name, When } from "../parts/words.tsx";
import { count } from "../text/numbers.ts";

async function readExperiments() {
  const { rows, whole } = await allExperiments();
  const counts = await Promise.all(
    rows.slice(0, 100).map(({ name }) => tracking.countRuns({ parents: [name] })),
  );
  return { rows, whole, counts: counts.map(({ runCount }) => runCount) };
}

/** All experiments, with how many runs each has. */
export function ExperimentsPage() {
  const query = useQuery("experiments", readExperiments, below("experiments"));
  return (
    <Page title="Runs" mlctl="mlctl list experiments" json={query.data?.rows}>
      <Loaded query={query} rows={10}>
        {({ rows, whole, counts }) => (
          <>
            {rows.length === 0 && (
              <Empty what="There is no experiment yet." command="mlctl create experiment NAME" />
            )}
            <div class="scroll-x">
              <table class="full">
                <thead>
                  <tr>
                    <th>experiment</th>
                    <th class="number">runs</th>
                    <th>changed</th>
                    <th>created</th>
                  </tr>
                </thead>
                <tbody>
                  {rows.map((experiment, index) => (
                    <tr key={experiment.name}>
                      <td>
                        <Name name={experiment.name}>{experiment.displayName}</Name>
                      </td>
                      <td class="number">
                        {counts[index] === undefined ? "–" : count(counts[index])}
                      </td>
                      <td>
                        <When at={experiment.updateTime} />
                      </td>
                      <td>
                        <When at={experiment.createTime} />
                      </td>
                    </tr>
                  ))}
                </tbody>
              </table>
            </div>
            {!whole && <p class="quiet">Only the first {count(rows.length)} are shown.</p>}
          </>
        )}
      </Loaded>
    </Page>
  );
}

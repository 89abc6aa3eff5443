// One run: what went in, what came out, its curves and files, and what became of it.
import type { MetricSummary, Run } from "../../gen/cairn/v1/tracking_pb.ts";
import { everyPage } from "../api/calls.ts";
import { artifacts } from "../api/services/artifacts.ts";
import { datasets } from "../api/services/datasets.ts";
import { tracking } from "../api/services/tracking.ts";
import { below, useQuery } from "../api/queries.ts";
import type { PageOfResource } from "../app/resource.ts";
import { Files } from "../parts/files.tsx";
import { Page, Pairs, Panel } from "../parts/page.tsx";
import { RunCurves } from "../parts/run_curves.tsx";
import { RunState } from "../parts/run_state.tsx";
import { Loaded } from "../parts/state.tsx";
import { Breakable, Name, Value, When } from "../parts/words.tsx";
import { RunVerbs } from "../parts/verb_buttons.tsx";
import { GetLineageRequest_Direction as Direction } from "../../gen/cairn/v1/datasets_pb.ts";
import { commandFor } from "../text/commands.ts";
import { parentOf } from "../text/names.ts";
import { count } from "../text/numbers.ts";
import { duration, millis } from "../text/times.ts";

/** What was made from the run: its versions, and further on channels. */
async function readFates(name: string) {
  const lineage = await datasets.getLineage({ name, direction: Direction.DOWNSTREAM, maxDepth: 3 });
  return lineage.nodes.filter((node) => node.name !== name);
}

export function RunPage({ name }: PageOfResource) {
  const query = useQuery(name, () => tracking.getRun({ name }), below(name));
  const experiment = parentOf(name);
  const title = query.data?.displayName || name;
  return (
    <Page
      title={title}
      crumbs={[
        { label: "Runs", name: "experiments" },
        { label: experiment, name: experiment },
      ]}
      mlctl={commandFor(name)}
      json={query.data}
      since={[name]}
      actions={query.data !== undefined && <RunVerbs run={query.data} />}
    >
      <Loaded query={query} rows={12}>
        {(run) => <RunBody run={run} />}
      </Loaded>
    </Page>
  );
}

function RunBody({ run }: { run: Run }) {
  const curves = run.metrics.filter(({ pointCount }) => pointCount > 1n);
  return (
    <>
      <div class="columns">
        <Facts run={run} />
        <Metrics metrics={run.metrics} />
        <Texts title="Parameters" texts={run.params} />
        <Texts title="Tags" texts={run.tags} />
      </div>
      {curves.length > 0 && <RunCurves run={run.name} metrics={curves} />}
      <RunFiles name={run.name} />
    </>
  );
}

function Facts({ run }: { run: Run }) {
  const fates = useQuery(`${run.name} fates`, () => readFates(run.name), below("models"));
  const begin = millis(run.startTime);
  const end = millis(run.endTime);
  return (
    <Panel title="Run">
      <Pairs
        rows={[
          ["state", <RunState state={run.state} />],
          ["", run.stateMessage],
          ["started", <When at={run.startTime} />],
          ["took", begin === undefined || end === undefined ? "" : duration(end - begin)],
          ["by", run.user],
          [
            "data",
            run.inputs.length > 0 &&
              run.inputs.map((i) => (
                <div>
                  <Name name={i.datasetVersion} /> {i.context}
                </div>
              )),
          ],
          [
            "made",
            run.outputs.length > 0 &&
              run.outputs.map((o) => (
                <div>
                  <Name name={o.resource} />
                </div>
              )),
          ],
          [
            "became",
            fates.data !== undefined &&
              fates.data.length > 0 &&
              fates.data.map((n) => (
                <div>
                  <Name name={n.name} />
                </div>
              )),
          ],
          ["parent", run.parentRun !== "" && <Name name={run.parentRun} />],
          ["lineage", <a href={`/lineage/${run.name}`}>what it came from and led to</a>],
        ]}
      />
    </Panel>
  );
}

/** Where no metric has two points, the last one is all there is to say. */
function Metrics({ metrics }: { metrics: MetricSummary[] }) {
  const series = metrics.some(({ pointCount }) => pointCount > 1n);
  return (
    <Panel title={`Metrics (${metrics.length}${series ? "" : ", of one point each"})`}>
      <div class="scroll-x" tabIndex={0} role="group" aria-label="Metrics">
        <table class="full named">
          <thead>
            <tr>
              <th>metric</th>
              <th class="number">{series ? "latest" : "value"}</th>
              {series && (
                <>
                  <th class="number">min</th>
                  <th class="number">max</th>
                  <th class="number">points</th>
                </>
              )}
            </tr>
          </thead>
          <tbody>
            {metrics.map(({ key, latest, min, max, pointCount }) => (
              <tr key={key}>
                <td>
                  <Breakable text={key} />
                </td>
                <td class="number">
                  <Value value={latest?.value} />
                </td>
                {series && (
                  <>
                    <td class="number">
                      <Value value={min} />
                    </td>
                    <td class="number">
                      <Value value={max} />
                    </td>
                    <td class="number">{count(pointCount)}</td>
                  </>
                )}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </Panel>
  );
}

function Texts({ title, texts }: { title: string; texts: Record<string, string> }) {
  const rows = Object.entries(texts).sort(([a], [b]) => a.localeCompare(b));
  if (rows.length === 0) return null;
  return (
    <Panel title={`${title} (${rows.length})`}>
      <div class="scroll-x" tabIndex={0} role="group" aria-label={title}>
        <table class="full named">
          <tbody>
            {rows.map(([key, value]) => (
              <tr key={key}>
                <td class="quiet">
                  <Breakable text={key} />
                </td>
                <td class="mono">{value}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </Panel>
  );
}

function RunFiles({ name }: { name: string }) {
  const read = () =>
    everyPage(async (pageToken) => {
      const page = await artifacts.listArtifacts({ parent: name, pageToken, pageSize: 1000 });
      return { rows: page.files, nextPageToken: page.nextPageToken };
    });
  const query = useQuery(`${name} files`, read, below(name));
  return (
    <Panel title="Files">
      <Loaded query={query}>{({ rows, whole }) => <Files files={rows} whole={whole} />}</Loaded>
    </Panel>
  );
}

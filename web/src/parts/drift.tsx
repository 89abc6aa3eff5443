// What the newest measurements of drift say: runs that `cairn-pipeline drift` and its kin keep.
import { tracking } from "../api/services/tracking.ts";
import { useQuery } from "../api/queries.ts";
import { spoken } from "../text/names.ts";
import { Panel } from "./page.tsx";
import { Empty, Loaded } from "./state.tsx";
import { Name, Value, Verdict, When, type Tone } from "./words.tsx";

const TAG = "cairn.drift";
const ROWS = 10;
const TONES = new Map<string, Tone>([
  ["stable", "pass"],
  ["warning", "warn"],
  ["drifted", "fail"],
  ["broken", "fail"],
]);

function read() {
  return tracking.searchRuns({
    filter: `tags.\`${TAG}\` != ''`,
    pageSize: ROWS,
    readMask: { paths: ["display_name", "start_time", "tags", "inputs", "metrics.psi_max"] },
  });
}

export function Drift() {
  const query = useQuery("drift", read, ({ kind }) => kind.startsWith("RUN_"));
  return (
    <Panel title="Drift">
      <Loaded query={query} rows={3}>
        {({ runs }) => (
          <>
            {runs.length === 0 && (
              <Empty
                what="Nobody has looked whether customers changed since training."
                command="cairn-pipeline drift --current FILE --server HOST:PORT"
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
                        <Verdict
                          tone={TONES.get(run.tags[TAG] ?? "") ?? "none"}
                          word={run.tags[TAG] ?? ""}
                        />
                      </td>
                      <td>
                        <Name name={run.name}>{run.displayName}</Name>
                      </td>
                      <td>
                        {run.inputs.map(({ datasetVersion, context }) => (
                          <span key={context + datasetVersion} title={context}>
                            <Name name={datasetVersion}>{spoken(datasetVersion)}</Name>{" "}
                          </span>
                        ))}
                      </td>
                      <td class="number">
                        {run.metrics.map(({ key, latest }) => (
                          <span key={key} title={key}>
                            {key} <Value value={latest?.value} />
                          </span>
                        ))}
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

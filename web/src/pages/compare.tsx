// Runs side by side: what differs, and by how much against the first.
import { useEffect, useState } from "preact/hooks";
import type { Run } from "../../gen/cairn/v1/tracking_pb.ts";
import { readRuns } from "../api/compared_runs.ts";
import { useQuery } from "../api/queries.ts";
import { query as address, setQuery } from "../app/address.ts";
import { addKeys } from "../app/keys.ts";
import { CompareCharts } from "../parts/compare_charts.tsx";
import { Page, Panel } from "../parts/page.tsx";
import { SeriesSample } from "../parts/series_sample.tsx";
import { Empty, Loaded } from "../parts/state.tsx";
import { Name, Value } from "../parts/words.tsx";
import { compare, dataOf, warnings } from "../text/comparison.ts";
import { refsIn } from "../text/run_refs.ts";
import { directionOf, verdictOf } from "../text/directions.ts";
import { delta } from "../text/numbers.ts";

const MOST_RUNS = 100;

export function ComparePage() {
  const names = refsIn(address.value.get("runs") ?? "");
  const shown = names.slice(0, MOST_RUNS);
  const query = useQuery(`compare ${shown.join(",")}`, () => readRuns(shown));
  return (
    <Page title={`Compare ${shown.length} runs`} json={query.data?.runs}>
      {shown.length < 2 ? (
        <Empty what="Choose two runs or more in a table of runs, then press c." />
      ) : (
        <Loaded query={query} rows={12}>
          {({ runs, missing }) => (
            <>
              {missing.length > 0 && (
                <p class="notice warned">
                  No run, or more than one, is called {missing.join(", ")}
                </p>
              )}
              <Comparison runs={runs} />
            </>
          )}
        </Loaded>
      )}
      {names.length > MOST_RUNS && <p class="quiet">Only the first {MOST_RUNS} are compared.</p>}
    </Page>
  );
}

function Comparison({ runs }: { runs: Run[] }) {
  const [all, setAll] = useState(false);
  useEffect(
    () => addKeys([{ keys: "d", does: "only differences, or all", run: () => setAll(!all) }]),
    [all],
  );
  const params = compare(runs.map((run) => run.params)).filter(({ differs }) => all || differs);
  return (
    <>
      {warnings(runs).map((warning) => (
        <p key={warning} class="notice warned panel" role="alert">
          {warning} Their metrics may not be comparable; have the server measure both on one data
          set: <code>mlctl evaluate</code>. The data:{" "}
          {dataOf(runs).map((version) => (
            <span key={version}>
              <Name name={version} />{" "}
            </span>
          ))}
        </p>
      ))}
      <label class="row quiet">
        <input type="checkbox" checked={all} onChange={() => setAll(!all)} />
        also what is equal
      </label>
      <Panel title="Metrics">
        <MetricTable runs={runs} />
      </Panel>
      <Panel title={all ? "Parameters" : "Parameters that differ"}>
        {params.length === 0 && <p class="quiet">None.</p>}
        <div class="scroll-x">
          <table class="compared">
            <Heads runs={runs} of="parameter" />
            <tbody>
              {params.map(({ key, values }) => (
                <tr key={key}>
                  <td class="quiet nowrap">{key}</td>
                  {values.map((value, index) => (
                    <td key={runs[index]?.name} class="mono">
                      {value ?? "–"}
                    </td>
                  ))}
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      </Panel>
      <CompareCharts runs={runs} />
    </>
  );
}

/** The runs over the columns; a click on one makes it the baseline. */
function Heads({ runs, of }: { runs: Run[]; of: string }) {
  const makeFirst = (name: string) =>
    setQuery({
      runs: [name, ...runs.map((run) => run.name).filter((other) => other !== name)].join(","),
    });
  return (
    <thead>
      <tr>
        <th scope="col">{of}</th>
        {runs.map((run, index) => (
          <th key={run.name}>
            <SeriesSample rank={index} />
            <Name name={run.name}>{run.displayName || run.uid}</Name>
            <br />
            {index === 0 ? (
              <span>baseline</span>
            ) : (
              <button type="button" class="link" onClick={() => makeFirst(run.name)}>
                as baseline
              </button>
            )}
          </th>
        ))}
      </tr>
    </thead>
  );
}

function valueOf(run: Run | undefined, key: string): number | undefined {
  return run?.metrics.find((metric) => metric.key === key)?.latest?.value;
}

function MetricTable({ runs }: { runs: Run[] }) {
  const keys = [...new Set(runs.flatMap(({ metrics }) => metrics.map(({ key }) => key)))].sort();
  return (
    <div class="scroll-x">
      <table class="compared">
        <Heads runs={runs} of="metric" />
        <tbody>
          {keys.map((key) => {
            const baseline = valueOf(runs[0], key);
            return (
              <tr key={key}>
                <td class="quiet nowrap">
                  {key} <Better metric={key} />
                </td>
                {runs.map((run, index) => {
                  const value = valueOf(run, key);
                  const shows = index > 0 && value !== undefined && baseline !== undefined;
                  return (
                    <td key={run.name} class="number">
                      <Value value={value} />
                      {shows && <Delta metric={key} change={value - baseline} />}
                    </td>
                  );
                })}
              </tr>
            );
          })}
        </tbody>
      </table>
    </div>
  );
}

/** Which way the metric gets better, where that is known. */
function Better({ metric }: { metric: string }) {
  const direction = directionOf(metric);
  if (direction === undefined) return null;
  return <span title={`${direction} is better`}>{direction === "higher" ? "↑" : "↓"}</span>;
}

const VERDICTS = { better: { tone: "pass", arrow: "▲" }, worse: { tone: "fail", arrow: "▼" } };

/** A change against the baseline: signed, and better or worse where the direction is known. */
function Delta({ metric, change }: { metric: string; change: number }) {
  const verdict = verdictOf(metric, change);
  const look = verdict === undefined ? undefined : VERDICTS[verdict];
  return (
    <span class="delta" data-tone={look?.tone}>
      {` ${delta(change)}`}
      {look !== undefined && ` ${look.arrow} ${verdict}`}
    </span>
  );
}

// Runs side by side: what differs, and by how much against the first.
import { useEffect, useState } from "preact/hooks";
import type { Run } from "../../gen/cairn/v1/tracking_pb.ts";
import { readRuns } from "../api/compared_runs.ts";
import { useQuery } from "../api/queries.ts";
import { query as address } from "../app/address.ts";
import { addKeys } from "../app/keys.ts";
import { CompareCharts } from "../parts/compare_charts.tsx";
import { ComparedTable, type ComparedRow } from "../parts/compared_table.tsx";
import { Page, Panel } from "../parts/page.tsx";
import { Empty, Loaded } from "../parts/state.tsx";
import { Breakable, Name, Value } from "../parts/words.tsx";
import { compare, dataOf, warnings, type Compared } from "../text/comparison.ts";
import { refsIn } from "../text/run_refs.ts";
import { directionOf, verdictOf } from "../text/directions.ts";
import { delta } from "../text/numbers.ts";

const MOST_RUNS = 100;

export function ComparePage() {
  const names = refsIn(address.value.get("runs") ?? "");
  const shown = names.slice(0, MOST_RUNS);
  const query = useQuery(`compare ${shown.join(",")}`, () => readRuns(shown));
  return (
    <Page
      title={`Compare ${shown.length} runs`}
      json={query.data?.runs}
      since={(query.data?.runs ?? []).map(({ name }) => name)}
    >
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
        {params.length === 0 ? (
          <p class="quiet">None.</p>
        ) : (
          <ComparedTable of="parameter" runs={runs} rows={params.map(paramRow)} />
        )}
      </Panel>
      <CompareCharts runs={runs} />
    </>
  );
}

function paramRow({ key, values }: Compared): ComparedRow {
  return { key, label: key, style: "mono", cell: (_, index) => values[index] ?? "–" };
}

function valueOf(run: Run | undefined, key: string): number | undefined {
  return run?.metrics.find((metric) => metric.key === key)?.latest?.value;
}

function metricRow(runs: Run[], key: string): ComparedRow {
  const baseline = valueOf(runs[0], key);
  return {
    key,
    style: "number",
    label: (
      <>
        <Breakable text={key} /> <Better metric={key} />
      </>
    ),
    cell: (run, index) => {
      const value = valueOf(run, key);
      const shows = index > 0 && value !== undefined && baseline !== undefined;
      return (
        <>
          <Value value={value} />
          {shows && <Delta metric={key} change={value - baseline} />}
        </>
      );
    },
  };
}

function MetricTable({ runs }: { runs: Run[] }) {
  const keys = [...new Set(runs.flatMap(({ metrics }) => metrics.map(({ key }) => key)))].sort();
  return <ComparedTable of="metric" runs={runs} rows={keys.map((key) => metricRow(runs, key))} />;
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

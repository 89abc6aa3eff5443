// The versions of a model with what was measured of each, against the one that a channel serves.
import type { Evaluation } from "../../gen/cairn/v1/evaluations_pb.ts";
import { Evaluation_Source } from "../../gen/cairn/v1/evaluations_pb.ts";
import type { Channel, ModelVersion } from "../../gen/cairn/v1/registry_pb.ts";
import { ModelVersion_State } from "../../gen/cairn/v1/registry_pb.ts";
import { query, setQuery } from "../app/address.ts";
import { inAskedOrder } from "../text/run_columns.ts";
import { deltaOf, nextBy, shownOf, sortedBy, type Measure } from "../text/measures.ts";
import { lastOf, spoken } from "../text/names.ts";
import { delta } from "../text/numbers.ts";
import { Empty } from "./state.tsx";
import { Name, Value, Verdict, When } from "./words.tsx";

export interface MeasuredVersion {
  version: ModelVersion;
  measures: Measure[];
}

// Metrics that say how two versions differ, and nothing of one of them.
const PAIRED = new Set(["ari", "centroid_shift", "label_churn"]);

export function measuresOf(version: ModelVersion, list: Evaluation[]): Measure[] {
  return list.flatMap(({ source, values, datasetSha256, space, referenceVersion }) =>
    values.map(({ metric, definition, value }) => ({
      metric,
      value,
      byServer: source === Evaluation_Source.SERVER,
      basis: `${definition} ${datasetSha256} ${space === "" ? version.evaluationSpace : space}`,
      paired: referenceVersion !== "" && PAIRED.has(metric),
    })),
  );
}

interface VersionsProps {
  rows: MeasuredVersion[];
  whole: boolean;
  channels: Channel[];
}

export function Versions({ rows, whole, channels }: VersionsProps) {
  if (rows.length === 0) {
    return (
      <Empty
        what="This model has no version yet."
        command="cairn-pipeline run --data FILE --server HOST:PORT"
      />
    );
  }
  const isArchived = ({ version }: MeasuredVersion) =>
    version.state === ModelVersion_State.ARCHIVED;
  const archived = rows.filter(isArchived);
  const offered = rows.filter((row) => !isArchived(row));
  // What it is compared with: what production serves, else what any channel does.
  const served = channels.find(({ name }) => lastOf(name) === "production") ?? channels[0];
  const champion = rows.find(({ version }) => version.name === served?.version);
  const shared = { champion, channels };
  return (
    <>
      <VersionTable rows={offered} {...shared} />
      <p class="quiet">
        {offered.length} versions{whole ? "" : ", the newest ones"}. ✓: measured by the server.
        {champion !== undefined &&
          ` Small: the difference to ${spoken(champion.version.name)}, which serves; ≠ where both were not measured on the same data, definition and space.`}
      </p>
      {archived.length > 0 && (
        <details>
          <summary>{archived.length} archived</summary>
          <VersionTable rows={archived} {...shared} />
        </details>
      )}
    </>
  );
}

interface TableProps {
  rows: MeasuredVersion[];
  champion: MeasuredVersion | undefined;
  channels: Channel[];
}

function VersionTable({ rows, champion, channels }: TableProps) {
  const by = query.value.get("by") ?? "";
  const shown = new Map(rows.map((row) => [row, shownOf(row.measures)]));
  const chosen = by.replace(/^-/, "");
  const metrics = [...new Set([...shown.values()].flatMap((map) => [...map.keys()]))]
    .sort(inAskedOrder)
    .sort((a, b) => Number(b === chosen) - Number(a === chosen)); // what is sorted by is in view
  const sorted = sortedBy(rows, by, (row, metric) => shown.get(row)?.get(metric)?.value);
  return (
    <div class="scroll-x">
      <table class="full">
        <thead>
          <tr>
            <th>version</th>
            <th>channels</th>
            <th>created</th>
            <th>run</th>
            {metrics.map((metric) => (
              <MetricHead key={metric} metric={metric} by={by} />
            ))}
            <th>data</th>
          </tr>
        </thead>
        <tbody>
          {sorted.map((row) => (
            <tr key={row.version.name}>
              <td class="nowrap">
                <Name name={row.version.name}>@{lastOf(row.version.name)}</Name>
              </td>
              <td>
                {channels
                  .filter((channel) => channel.version === row.version.name)
                  .map((channel) => (
                    <Verdict key={channel.name} tone="pass" word={lastOf(channel.name)} />
                  ))}
              </td>
              <td>
                <When at={row.version.createTime} />
              </td>
              <td class="nowrap">
                <Name name={row.version.run}>{spoken(row.version.run)}</Name>
              </td>
              {metrics.map((metric) => (
                <MetricCell
                  key={metric}
                  measure={shown.get(row)?.get(metric)}
                  row={row}
                  champion={champion}
                />
              ))}
              <td class="nowrap">
                <Name name={row.version.trainingDataset} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function MetricHead({ metric, by }: { metric: string; by: string }) {
  const sort = by === metric ? "ascending" : by === `-${metric}` ? "descending" : "none";
  const sign = { ascending: " ▲", descending: " ▼", none: "" }[sort];
  return (
    <th class="number" aria-sort={sort}>
      <button type="button" class="link" onClick={() => setQuery({ by: nextBy(by, metric) })}>
        {metric}
        {sign}
      </button>
    </th>
  );
}

function MetricCell({
  measure,
  row,
  champion,
}: {
  measure: Measure | undefined;
  row: MeasuredVersion;
  champion: MeasuredVersion | undefined;
}) {
  if (measure === undefined) return <td class="number quiet">–</td>;
  const { metric, value, byServer, paired } = measure;
  const away =
    champion === undefined || champion === row || paired
      ? ""
      : difference(deltaOf(metric, row.measures, champion.measures));
  return (
    <td class="number">
      <Value value={value} />
      {byServer && <span title="measured by the server"> ✓</span>}
      {away !== "" && <div class="small quiet">{away}</div>}
    </td>
  );
}

function difference(value: number | undefined): string {
  return value === undefined ? "≠" : delta(value);
}

// A version of a data set: its columns with what they hold, its files, and what changed against
// another version.
import type { Column, DatasetDiff, DatasetVersion } from "../../gen/cairn/v1/datasets_pb.ts";
import { DatasetDiff_Change as Change } from "../../gen/cairn/v1/datasets_pb.ts";
import { datasets } from "../api/services/datasets.ts";
import { useQuery } from "../api/queries.ts";
import { query as address } from "../app/address.ts";
import type { PageOfResource } from "../app/resource.ts";
import { Files } from "../parts/files.tsx";
import { Page, Pairs, Panel } from "../parts/page.tsx";
import { Loaded } from "../parts/state.tsx";
import { Name, Value, Verdict, When } from "../parts/words.tsx";
import { commandFor } from "../text/commands.ts";
import { outline } from "../text/histograms.ts";
import { lastOf, parentOf, spoken } from "../text/names.ts";
import { bytes, count, share } from "../text/numbers.ts";

const SHAPE_WIDTH = 120;
const SHAPE_HEIGHT = 20;

export function DatasetVersionPage({ name }: PageOfResource) {
  const query = useQuery(name, () => datasets.getDatasetVersion({ name }));
  const from = address.value.get("from") ?? "";
  const dataset = parentOf(name);
  return (
    <Page
      title={spoken(name)}
      crumbs={[
        { label: "Data sets", name: "datasets" },
        { label: lastOf(dataset), name: dataset },
      ]}
      mlctl={from === "" ? commandFor(name) : `mlctl diff dataset ${spoken(from)} ${spoken(name)}`}
      json={query.data}
      since={[name]}
    >
      {from !== "" && <Difference from={from} to={name} />}
      <Loaded query={query} rows={10}>
        {(version) => (
          <>
            <Facts version={version} />
            <Columns columns={version.columns} />
            <Panel title="Files">
              <Files files={version.files} whole={version.files.length >= version.fileCount} />
            </Panel>
          </>
        )}
      </Loaded>
    </Page>
  );
}

function Facts({ version }: { version: DatasetVersion }) {
  return (
    <Panel title="Version">
      <Pairs
        rows={[
          ["rows", count(version.rowCount)],
          ["size", `${bytes(version.sizeBytes)} in ${count(version.fileCount)} files`],
          ["digest", <code title={version.sha256}>{version.sha256.slice(0, 16)}</code>],
          ["created", <When at={version.createTime} />],
          ["by", version.principal],
          ["made by", version.producer],
          ["run", version.run !== "" && <Name name={version.run} />],
          [
            "from",
            version.parents.length > 0 && version.parents.map((p) => <Name key={p} name={p} />),
          ],
          ["lineage", <a href={`/lineage/${version.name}`}>what it came from and led to</a>],
          ...Object.entries(version.tags).map(([key, value]): [string, string] => [key, value]),
        ]}
      />
    </Panel>
  );
}

function Shape({ column }: { column: Column | undefined }) {
  const counts = (column?.statistics?.numbers?.histogram ?? []).map(Number);
  if (counts.length === 0) return null;
  return (
    <svg width={SHAPE_WIDTH} height={SHAPE_HEIGHT} role="img" aria-label="distribution">
      <path d={outline(counts, SHAPE_WIDTH, SHAPE_HEIGHT)} fill="var(--series-1)" />
    </svg>
  );
}

function Columns({ columns }: { columns: Column[] }) {
  if (columns.length === 0) return null;
  return (
    <Panel title={`Columns (${columns.length})`}>
      <div class="scroll-x">
        <table class="full">
          <thead>
            <tr>
              <th>column</th>
              <th>type</th>
              <th class="number">missing</th>
              <th class="number">distinct</th>
              <th class="number">min</th>
              <th class="number">mean</th>
              <th class="number">max</th>
              <th>distribution</th>
            </tr>
          </thead>
          <tbody>
            {columns.map((column) => (
              <ColumnRow key={column.name} column={column} />
            ))}
          </tbody>
        </table>
      </div>
    </Panel>
  );
}

function ColumnRow({ column }: { column: Column }) {
  const { name, type, statistics } = column;
  const numbers = statistics?.numbers;
  const rows = Number(statistics?.count ?? 0n) + Number(statistics?.nullCount ?? 0n);
  return (
    <tr>
      <td>{name}</td>
      <td class="quiet">{type}</td>
      <td class="number">{rows === 0 ? "–" : share(Number(statistics?.nullCount ?? 0n) / rows)}</td>
      <td class="number">{statistics === undefined ? "–" : count(statistics.distinctCount)}</td>
      <td class="number">
        {numbers === undefined ? statistics?.minText : <Value value={numbers.min} />}
      </td>
      <td class="number">
        <Value value={numbers?.mean} />
      </td>
      <td class="number">
        {numbers === undefined ? statistics?.maxText : <Value value={numbers.max} />}
      </td>
      <td>
        <Shape column={column} />
        {numbers === undefined && (
          <span class="quiet">
            {statistics?.frequent
              .slice(0, 3)
              .map(({ text }) => text)
              .join(", ")}
          </span>
        )}
      </td>
    </tr>
  );
}

function Difference({ from, to }: { from: string; to: string }) {
  const query = useQuery(`${from} to ${to}`, () => datasets.diffDatasetVersions({ from, to }));
  return (
    <Panel title={`What changed since ${spoken(from)}`}>
      <Loaded query={query}>{(diff) => <DifferenceTable diff={diff} />}</Loaded>
    </Panel>
  );
}

function DifferenceTable({ diff }: { diff: DatasetDiff }) {
  return (
    <>
      <p>
        {diff.rowCountDelta !== undefined && `${signed(diff.rowCountDelta)} rows, `}
        {signed(diff.sizeBytesDelta)} bytes
        {diff.columnsReordered && ", columns in another order"}
      </p>
      <table class="full">
        <thead>
          <tr>
            <th>column</th>
            <th>change</th>
            <th class="number">stability index</th>
            <th>before</th>
            <th>now</th>
          </tr>
        </thead>
        <tbody>
          {diff.columns.map((column) => (
            <tr key={column.name}>
              <td>{column.name}</td>
              <td>
                <Verdict tone="warn" word={Change[column.change].toLowerCase()} />
              </td>
              <td class="number">
                <Value value={column.stabilityIndex} />
              </td>
              <td>
                <Shape column={column.from} />
              </td>
              <td>
                <Shape column={column.to} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </>
  );
}

function signed(value: bigint): string {
  return value > 0n ? `+${count(value)}` : count(value);
}

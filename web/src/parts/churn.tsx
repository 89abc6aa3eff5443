// Where the customers of each segment went when a version was trained: streams, and the same table.
import { sankey, sankeyLinkHorizontal, type SankeyLink, type SankeyNode } from "d3-sankey";
import type { ModelVersion } from "../../gen/cairn/v1/registry_pb.ts";
import { findArtifact, readBlob } from "../api/blobs.ts";
import { useQuery } from "../api/queries.ts";
import { query, setQuery } from "../app/address.ts";
import {
  churnOf,
  columnSums,
  LEAVERS,
  NEWCOMERS,
  rowSums,
  streamsOf,
  wrongSums,
  type Churn,
  type Stream,
} from "../text/churn.ts";
import { lastOf, shortened, spoken } from "../text/names.ts";
import { count, share } from "../text/numbers.ts";
import { seriesStyle } from "../text/series.ts";
import { Empty, Loaded } from "./state.tsx";
import { useRef } from "preact/hooks";
import { useWidth } from "./room.ts";
import { Name } from "./words.tsx";

const REPORT = "report/report.json";
const MOST_BYTES = 16_000_000;

async function readChurn(run: string): Promise<Churn | null> {
  const digest = run === "" ? undefined : await findArtifact(run, REPORT);
  if (digest === undefined || digest.sizeBytes > MOST_BYTES) return null;
  const text = await (await readBlob(digest, MOST_BYTES)).text();
  return churnOf(JSON.parse(text)) ?? null;
}

/** Reads the report of one version, which a person chooses: reports are large. */
export function ChurnOfModel({ versions }: { versions: ModelVersion[] }) {
  const asked = query.value.get("churn") ?? "";
  const chosen = versions.find(({ name }) => lastOf(name) === asked);
  return (
    <>
      <label class="row">
        When this version was trained:
        <select
          class="field"
          value={asked}
          onChange={(event) => setQuery({ churn: event.currentTarget.value })}
        >
          <option value="">choose…</option>
          {versions.map(({ name }) => (
            <option key={name} value={lastOf(name)}>
              {spoken(name)}
            </option>
          ))}
        </select>
      </label>
      {chosen !== undefined && <ChurnOf key={chosen.name} version={chosen} />}
    </>
  );
}

function ChurnOf({ version }: { version: ModelVersion }) {
  const found = useQuery(`${version.name} churn`, () => readChurn(version.run));
  return (
    <Loaded query={found} rows={6}>
      {(churn) =>
        churn === null ? (
          <Empty
            what={`The run of ${spoken(version.name)} keeps no ${REPORT} that compares it with a version before.`}
          />
        ) : (
          <div class="columns">
            <Streams churn={churn} version={version.name} />
            <Table churn={churn} version={version.name} />
          </div>
        )
      }
    </Loaded>
  );
}

interface ChurnProps {
  churn: Churn;
  version: string;
}

interface Place {
  id: string;
  label: string;
}

const HEIGHT = 320;

function layOut(churn: Churn, width: number, margin: number) {
  const streams = streamsOf(churn);
  const used = new Set(streams.flatMap(({ source, target }) => [source, target]));
  const places: Place[] = [
    ...[...churn.before, NEWCOMERS].map((label, index) => ({ id: `before ${index}`, label })),
    ...[...churn.after, LEAVERS].map((label, index) => ({ id: `after ${index}`, label })),
  ].filter(({ id }) => used.has(id));
  return sankey<Place, Stream>()
    .nodeId(({ id }) => id)
    .nodeSort(null)
    .nodeWidth(10)
    .nodePadding(30)
    .extent([
      [margin, 4],
      [Math.max(width - margin, margin + 60), HEIGHT - 20],
    ])({ nodes: places.map((place) => ({ ...place })), links: streams.map((one) => ({ ...one })) });
}

function Streams({ churn, version }: ChurnProps) {
  const box = useRef<HTMLDivElement>(null);
  const width = useWidth(box);
  const margin = Math.min(150, width * 0.29);
  return (
    <figure class="chart churn">
      <div ref={box}>
        {width > 0 && (
          <svg
            width={width}
            height={HEIGHT}
            role="img"
            aria-label={`Customers from the segments of ${spoken(churn.from)} to those of ${spoken(version)}; the table has the numbers`}
          >
            <Picture graph={layOut(churn, width, margin)} letters={Math.floor(margin / 6.4)} />
          </svg>
        )}
      </div>
      <figcaption>
        {count(rowSums(churn).reduce((sum, row) => sum + row, 0))} customers, from{" "}
        <Name name={churn.from} /> on the left to <Name name={version} /> on the right. Grey: the
        segment has the same name; coloured: they moved. Streams of nobody are left out.
      </figcaption>
    </figure>
  );
}

function Picture({
  graph: { nodes, links },
  letters,
}: {
  graph: { nodes: SankeyNode<Place, Stream>[]; links: SankeyLink<Place, Stream>[] };
  letters: number;
}) {
  const path = sankeyLinkHorizontal<Place, Stream>();
  return (
    <>
      {links.map((link) => (
        <path
          key={`${labelOf(link.source)} ${labelOf(link.target)} ${link.y0}`}
          d={path(link) ?? ""}
          fill="none"
          stroke={link.stays ? "var(--strong-line)" : seriesStyle(link.row).colour}
          stroke-opacity={link.stays ? 0.3 : 0.75}
          stroke-width={Math.max(link.width ?? 0, 1)}
        >
          <title>{`${labelOf(link.source)} → ${labelOf(link.target)}: ${count(link.value)}`}</title>
        </path>
      ))}
      {nodes.map((node) => (
        <PlaceOf key={node.id} node={node} letters={letters} />
      ))}
    </>
  );
}

function labelOf(end: string | number | SankeyNode<Place, Stream>): string {
  return typeof end === "object" ? end.label : String(end);
}

function PlaceOf({ node, letters }: { node: SankeyNode<Place, Stream>; letters: number }) {
  const { x0 = 0, x1 = 0, y0 = 0, y1 = 0, depth = 0 } = node;
  const left = depth === 0;
  const at = { x: left ? x0 - 6 : x1 + 6, "text-anchor": left ? "end" : "start" } as const;
  const middle = (y0 + y1) / 2;
  return (
    <g>
      <title>{`${node.label}: ${count(node.value ?? 0)}`}</title>
      <rect x={x0} y={y0} width={x1 - x0} height={Math.max(y1 - y0, 1)} fill="var(--ink)" />
      <text class="strong" {...at} y={middle}>
        {shortened(node.label, letters)}
      </text>
      <text {...at} y={middle + 14}>
        {count(node.value ?? 0)}
      </text>
    </g>
  );
}

function Sums({ churn, version }: ChurnProps) {
  const wrong = wrongSums(churn);
  const same = churn.sameShare;
  return (
    <p class={wrong.length === 0 ? "quiet" : "notice failed"}>
      {wrong.length === 0
        ? `Checked: each column sums to the size of its segment in the report of ${spoken(version)}.`
        : wrong
            .map(({ segment, sum, size }) => `${segment}: the column sums to ${sum}, not ${size}.`)
            .join(" ")}
      {same !== undefined &&
        ` ${share(same)} of the customers in both stay in a segment of that name.`}
    </p>
  );
}

function Table({ churn, version }: ChurnProps) {
  const rows = rowSums(churn);
  const columns = columnSums(churn);
  return (
    <div>
      <div class="scroll-x">
        <table class="full">
          <thead>
            <tr>
              <th class="wraps">
                {spoken(churn.from)} ↓ · {spoken(version)} →
              </th>
              {[...churn.after, LEAVERS].map((name, index) => (
                <th key={index} class="number wraps">
                  {name}
                </th>
              ))}
              <th class="number">all</th>
            </tr>
          </thead>
          <tbody>
            {[...churn.before, NEWCOMERS].map((name, row) => (
              <tr key={row}>
                <td>{name}</td>
                {churn.customers[row]?.map((cell, column) => (
                  <td key={column} class={cell === 0 ? "number quiet" : "number"}>
                    {count(cell)}
                  </td>
                ))}
                <td class="number">{count(rows[row] ?? 0)}</td>
              </tr>
            ))}
            <tr>
              <td>all</td>
              {columns.map((sum, column) => (
                <td key={column} class="number">
                  {count(sum)}
                </td>
              ))}
              <td class="number">{count(columns.reduce((sum, one) => sum + one, 0))}</td>
            </tr>
          </tbody>
        </table>
      </div>
      <Sums churn={churn} version={version} />
    </div>
  );
}

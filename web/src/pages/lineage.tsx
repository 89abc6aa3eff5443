// Where something came from and what it led to, hop by hop in both directions.
import { useEffect, useRef, useState } from "preact/hooks";
import { GetLineageRequest_Direction as Direction } from "../../gen/cairn/v1/datasets_pb.ts";
import type { Lineage, Lineage_Node } from "../../gen/cairn/v1/datasets_pb.ts";
import { datasets } from "../api/services/datasets.ts";
import { useQuery } from "../api/queries.ts";
import { query as address, setQuery } from "../app/address.ts";
import type { PageOfResource } from "../app/resource.ts";
import { Page } from "../parts/page.tsx";
import { Loaded } from "../parts/state.tsx";
import { Breakable, Name } from "../parts/words.tsx";
import { quoted } from "../text/commands.ts";
import { atHop, byKind, columnsOf, counted, kindOfNode, type HopCount } from "../text/lineage.ts";
import { spoken } from "../text/names.ts";
import { count } from "../text/numbers.ts";

const DEPTH = 6;
const SIBLINGS_SHOWN = 8;
// One hop at a time is unfolded, so that no more than 200 nodes are ever drawn: thirteen columns.
const UNFOLDED = 100;

// What is drawn at once, without a look at what is folded; and all of it counted, which takes its
// time where there are tens of thousands.
function usePicture(name: string) {
  return useQuery(`lineage ${name}`, () =>
    datasets.getLineage({ name, maxDepth: DEPTH, maxPerHop: SIBLINGS_SHOWN }),
  );
}

function useTally(name: string) {
  return useQuery(`lineage counted ${name}`, () =>
    datasets.getLineage({ name, maxDepth: DEPTH, maxPerHop: UNFOLDED, count: true }),
  );
}

export function LineagePage({ name }: PageOfResource) {
  const resource = name.replace(/^lineage\//, "");
  const picture = usePicture(resource);
  const tally = useTally(resource);
  return (
    <Page
      title={`Lineage of ${spoken(resource)}`}
      crumbs={[{ label: spoken(resource), name: resource }]}
      mlctl={`mlctl lineage ${quoted(spoken(resource))} --count`}
      json={tally.data ?? picture.data}
    >
      <Loaded query={picture} rows={8}>
        {(listed) => (
          <Hops
            key={resource}
            resource={resource}
            listed={tally.data ?? listed}
            counts={tally.data === undefined ? undefined : countsOf(tally.data)}
            least={tally.data?.countsTruncated ?? false}
            failure={tally.failure?.message}
          />
        )}
      </Loaded>
    </Page>
  );
}

function countsOf({ counts }: Lineage): HopCount[] {
  return counts.map(({ direction, hop, kind, count }) => ({
    upstream: direction === Direction.UPSTREAM,
    hop,
    kind,
    count: Number(count),
  }));
}

/** What is drawn of one hop. */
interface Column {
  title: string;
  names: string[];
  total: number | undefined; // listed or not; undefined while they are counted
}

interface Drawn {
  resource: string;
  listed: Lineage;
  counts: HopCount[] | undefined; // undefined while they are counted
  least: boolean; // the counts are the least there are
  failure: string | undefined; // of counting
}

function Hops({ resource, listed, counts, least, failure }: Drawn) {
  const only = address.value.get("kind") ?? "";
  const [unfolded, setUnfolded] = useState("");
  const nodes = new Map(listed.nodes.map((node) => [node.name, node]));
  const columns = (upstream: boolean): Column[] =>
    columnsOf(
      listed.nodes.filter(({ kind }) => only === "" || kind === only),
      upstream,
    ).map((names, index) => ({
      title: `${index + 1} ${upstream ? "before" : "after"}`,
      names,
      total: counts && atHop(counts, upstream, index + 1, only),
    }));
  const draw = (column: Column) => (
    <Hop
      key={column.title}
      {...column}
      nodes={nodes}
      least={least}
      all={unfolded === column.title}
      onAll={() => setUnfolded(column.title)}
    />
  );
  const kinds = counts?.map(({ kind }) => kind) ?? listed.nodes.map(({ kind }) => kind);
  return (
    <>
      <Summary counts={counts} least={least} failure={failure} />
      <Kinds kinds={kinds} only={only} />
      <div class="lineage" tabIndex={0} role="group" aria-label="Hops, causes on the left">
        {columns(true).reverse().map(draw)}
        <Hop title="this" names={[resource]} total={1} nodes={nodes} focus />
        {columns(false).map(draw)}
      </div>
      {listed.restricted && <p class="quiet">Some of it you may not read; it is left out.</p>}
    </>
  );
}

function Summary({ counts, least, failure }: Pick<Drawn, "counts" | "least" | "failure">) {
  if (failure !== undefined) return <p>What is folded could not be counted: {failure}</p>;
  if (counts === undefined) return <p class="quiet">What is folded is being counted.</p>;
  return (
    <p>
      It came from {counted(byKind(counts, true))}, and led to {counted(byKind(counts, false))}, at
      most {DEPTH} hops away.
      {least && " There is more: counting ended at 200,000."}
    </p>
  );
}

/** Shows all, or those of one kind. */
function Kinds({ kinds: all, only }: { kinds: string[]; only: string }) {
  const kinds = [...new Set(all)].sort();
  if (kinds.length < 2 && only === "") return null;
  return (
    <div class="row panel" role="group" aria-label="Kinds shown">
      {["", ...kinds].map((kind) => (
        <button
          key={kind}
          type="button"
          class="button"
          aria-pressed={kind === only}
          onClick={() => setQuery({ kind })}
        >
          {kind === "" ? "all" : `${kindOfNode(kind)}s`}
        </button>
      ))}
    </div>
  );
}

interface HopRoom extends Column {
  nodes: Map<string, Lineage_Node>;
  focus?: boolean; // what the page is about: a narrow window begins with it
  least?: boolean;
  all?: boolean; // unfolded
  onAll?: () => void;
}

function Hop({ title, names, total, nodes, focus = false, ...folding }: HopRoom) {
  const place = useRef<HTMLElement>(null);
  useEffect(() => {
    if (focus) place.current?.scrollIntoView({ block: "nearest", inline: "center" });
  }, [focus]);
  const shown = names.slice(0, folding.all === true ? UNFOLDED : SIBLINGS_SHOWN);
  return (
    <section ref={place} aria-label={title}>
      <h3 class="quiet">{title}</h3>
      <ul>
        {shown.map((name) => (
          <Node key={name} name={name} node={nodes.get(name)} />
        ))}
        <Folded shown={shown.length} total={total} {...folding} />
      </ul>
    </section>
  );
}

function Node({ name, node }: { name: string; node: Lineage_Node | undefined }) {
  const label = node?.label ?? "";
  return (
    <li class="node">
      <Name name={name} />{" "}
      <a href={`/lineage/${name}`} aria-label={`lineage of ${name}`}>
        ⇄
      </a>
      <div class="quiet small">
        {kindOfNode(node?.kind ?? "")}
        {label !== "" && (
          <>
            : <Breakable text={label} />
          </>
        )}
      </div>
    </li>
  );
}

type Folding = Pick<HopRoom, "total" | "least" | "all" | "onAll"> & { shown: number };

/** What is not drawn of a hop, by its number: nothing is left out without a word. */
function Folded({ shown, total, least = false, all = false, onAll }: Folding) {
  if (total === undefined) {
    return shown < SIBLINGS_SHOWN ? null : <li class="node quiet">counting the others</li>;
  }
  const more = total - shown;
  if (more <= 0) return null;
  const text = `${least ? "at least " : ""}${count(more)} more`;
  return (
    <li class="node">
      {all ? (
        <span class="quiet">{text}: choose a kind, or go on from one of these</span>
      ) : (
        <button type="button" class="link" onClick={onAll}>
          {text}
        </button>
      )}
    </li>
  );
}

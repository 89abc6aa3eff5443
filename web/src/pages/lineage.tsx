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
import { byHop, counted, hops, kindOfNode } from "../text/lineage.ts";
import { spoken } from "../text/names.ts";

const DEPTH = 6;
const SIBLINGS_SHOWN = 8;

function read(name: string, direction: Direction) {
  return datasets.getLineage({ name, direction, maxDepth: DEPTH });
}

export function LineagePage({ name }: PageOfResource) {
  const resource = name.replace(/^lineage\//, "");
  const query = useQuery(`lineage ${resource}`, () =>
    Promise.all([read(resource, Direction.UPSTREAM), read(resource, Direction.DOWNSTREAM)]),
  );
  return (
    <Page
      title={`Lineage of ${spoken(resource)}`}
      crumbs={[{ label: spoken(resource), name: resource }]}
      mlctl={`mlctl lineage ${quoted(spoken(resource))}`}
      json={query.data}
    >
      <Loaded query={query} rows={8}>
        {([up, down]) => <Hops resource={resource} up={up} down={down} />}
      </Loaded>
    </Page>
  );
}

function othersOf({ nodes }: Lineage, resource: string): Lineage_Node[] {
  return nodes.filter(({ name }) => name !== resource);
}

function Hops({ resource, up, down }: { resource: string; up: Lineage; down: Lineage }) {
  const only = address.value.get("kind") ?? "";
  const nodes = new Map([...up.nodes, ...down.nodes].map((node) => [node.name, node]));
  const shown = (names: string[]) =>
    names.filter((name) => only === "" || nodes.get(name)?.kind === only);
  const before = byHop(reach(resource, up.edges)).slice(1).reverse();
  const after = byHop(reach(resource, down.edges)).slice(1);
  const [causes, effects] = [othersOf(up, resource), othersOf(down, resource)];
  return (
    <>
      <p>
        It came from {counted(causes.map(({ kind }) => kind))}, and led to{" "}
        {counted(effects.map(({ kind }) => kind))}, at most {DEPTH} hops away.
      </p>
      <Kinds nodes={[...nodes.values()]} only={only} />
      <div class="lineage" tabIndex={0} role="group" aria-label="Hops, causes on the left">
        {before.map((names, index) => (
          <Hop
            key={`b${index}`}
            title={`${before.length - index} before`}
            names={shown(names)}
            nodes={nodes}
          />
        ))}
        <Hop title="this" names={[resource]} nodes={nodes} focus />
        {after.map((names, index) => (
          <Hop key={`a${index}`} title={`${index + 1} after`} names={shown(names)} nodes={nodes} />
        ))}
      </div>
      {(up.truncated || down.truncated) && (
        <p class="quiet">There is more than is shown: open a resource to go on from there.</p>
      )}
      {(up.restricted || down.restricted) && (
        <p class="quiet">Some of it you may not read; it is left out.</p>
      )}
    </>
  );
}

/** Shows all, or those of one kind. */
function Kinds({ nodes, only }: { nodes: Lineage_Node[]; only: string }) {
  const kinds = [...new Set(nodes.map(({ kind }) => kind))].sort();
  if (kinds.length < 2) return null;
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

/** Whichever way the edges are told: from cause to effect or back. */
function reach(root: string, edges: { from: string; to: string }[]): Map<string, number> {
  const forward = hops(root, edges, "from");
  return forward.size > 1 ? forward : hops(root, edges, "to");
}

function Hop({
  title,
  names,
  nodes,
  focus = false,
}: {
  title: string;
  names: string[];
  nodes: Map<string, Lineage_Node>;
  focus?: boolean; // what the page is about: a narrow window begins with it
}) {
  const place = useRef<HTMLElement>(null);
  useEffect(() => {
    if (focus) place.current?.scrollIntoView({ block: "nearest", inline: "center" });
  }, [focus]);
  const [all, setAll] = useState(false);
  const shown = all ? names : names.slice(0, SIBLINGS_SHOWN);
  const more = names.length - shown.length;
  return (
    <section ref={place} aria-label={title}>
      <h3 class="quiet">{title}</h3>
      <ul>
        {shown.map((name) => (
          <li key={name} class="node">
            <Name name={name} />{" "}
            <a href={`/lineage/${name}`} aria-label={`lineage of ${name}`}>
              ⇄
            </a>
            <div class="quiet small">
              {kindOfNode(nodes.get(name)?.kind ?? "")}
              {(nodes.get(name)?.label ?? "") !== "" && (
                <>
                  : <Breakable text={nodes.get(name)?.label ?? ""} />
                </>
              )}
            </div>
          </li>
        ))}
        {more > 0 && (
          <li class="node">
            <button type="button" class="link" onClick={() => setAll(true)}>
              {more} more
            </button>
          </li>
        )}
      </ul>
    </section>
  );
}

// Where something came from and what it led to, hop by hop in both directions.
import { GetLineageRequest_Direction as Direction } from "../../gen/cairn/v1/datasets_pb.ts";
import type { Lineage } from "../../gen/cairn/v1/datasets_pb.ts";
import { datasets } from "../api/calls.ts";
import { useQuery } from "../api/queries.ts";
import type { PageOfResource } from "../app/routes.tsx";
import { Page } from "../parts/page.tsx";
import { Loaded } from "../parts/state.tsx";
import { Name } from "../parts/words.tsx";
import { quoted } from "../text/commands.ts";
import { byHop, hops } from "../text/lineage.ts";
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

function Hops({ resource, up, down }: { resource: string; up: Lineage; down: Lineage }) {
  const before = byHop(reach(resource, up.edges)).slice(1).reverse();
  const after = byHop(reach(resource, down.edges)).slice(1);
  const cut = up.truncated || down.truncated;
  return (
    <>
      <div class="lineage">
        {before.map((names, index) => (
          <Hop key={`b${index}`} title={`${before.length - index} before`} names={names} />
        ))}
        <Hop title="this" names={[resource]} />
        {after.map((names, index) => (
          <Hop key={`a${index}`} title={`${index + 1} after`} names={names} />
        ))}
      </div>
      {cut && (
        <p class="quiet">There is more than is shown: open a resource to go on from there.</p>
      )}
      {(up.restricted || down.restricted) && (
        <p class="quiet">Some of it you may not read; it is left out.</p>
      )}
    </>
  );
}

/** Whichever way the edges are told: from cause to effect or back. */
function reach(root: string, edges: { from: string; to: string }[]): Map<string, number> {
  const forward = hops(root, edges, "from");
  return forward.size > 1 ? forward : hops(root, edges, "to");
}

function Hop({ title, names }: { title: string; names: string[] }) {
  const shown = names.slice(0, SIBLINGS_SHOWN);
  return (
    <section aria-label={title}>
      <h3 class="quiet">{title}</h3>
      <ul>
        {shown.map((name) => (
          <li key={name} class="node">
            <Name name={name} />{" "}
            <a href={`/lineage/${name}`} aria-label={`lineage of ${name}`}>
              ⇄
            </a>
          </li>
        ))}
        {names.length > shown.length && (
          <li class="node quiet">{names.length - shown.length} more like these</li>
        )}
      </ul>
    </section>
  );
}

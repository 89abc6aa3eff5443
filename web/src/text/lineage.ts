// A lineage as columns: the resource looked at in the middle, what it came from to the left by hops,
// what it led to on the right.

export interface Link {
  from: string;
  to: string;
}

/** How many hops each node is away from `root`, breadth first; edges lead from cause to effect. */
export function hops(root: string, edges: Link[], along: "from" | "to"): Map<string, number> {
  const back = along === "from" ? "to" : "from";
  const next = new Map<string, string[]>();
  for (const edge of edges) {
    const known = next.get(edge[along]);
    if (known === undefined) next.set(edge[along], [edge[back]]);
    else known.push(edge[back]);
  }
  const found = new Map([[root, 0]]);
  let front = [root];
  for (let hop = 1; front.length > 0; ++hop) {
    const reached = front
      .flatMap((name) => next.get(name) ?? [])
      .filter((name) => !found.has(name));
    front = [...new Set(reached)];
    for (const name of front) found.set(name, hop);
  }
  return found;
}

/** Names by hop, the root first; those of one hop in the order of their names. */
export function byHop(distance: Map<string, number>): string[][] {
  const columns: string[][] = [];
  for (const [name, hop] of distance) {
    while (columns.length <= hop) columns.push([]);
    columns[hop]?.push(name);
  }
  for (const column of columns) column.sort();
  return columns;
}

/** How many there are of each kind, most first: "2 model versions, 1 channel"; "nothing". */
export function counted(kinds: string[]): string {
  const counts = new Map<string, number>();
  for (const kind of kinds) counts.set(kind, (counts.get(kind) ?? 0) + 1);
  if (counts.size === 0) return "nothing";
  return [...counts]
    .sort((a, b) => b[1] - a[1])
    .map(([kind, many]) => `${many} ${kindOfNode(kind)}${many === 1 ? "" : "s"}`)
    .join(", ");
}

/** A kind of node as people say it: "data set version" for DatasetVersion. */
export function kindOfNode(kind: string): string {
  return kind
    .replace(/\B([A-Z])/g, " $1")
    .toLowerCase()
    .replace("dataset", "data set");
}

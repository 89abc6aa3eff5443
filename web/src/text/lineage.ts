// A lineage as columns: the resource looked at in the middle, what it came from to the left by hops,
// what it led to on the right.

import { count } from "./numbers.ts";

/** How many resources of a kind are so many hops away in one direction. */
export interface HopCount {
  upstream: boolean;
  hop: number;
  kind: string;
  count: number;
}

/** Names of nodes by their hop in one direction, nearest first; those of one hop by name. */
export function columnsOf(nodes: { name: string; hop: number }[], upstream: boolean): string[][] {
  const columns: string[][] = [];
  for (const { name, hop } of nodes) {
    const away = upstream ? -hop : hop;
    if (away < 1) continue;
    while (columns.length < away) columns.push([]);
    columns[away - 1]?.push(name);
  }
  for (const column of columns) column.sort();
  return columns;
}

/** The counts of one direction by kind, all hops together. */
export function byKind(counts: HopCount[], upstream: boolean): Map<string, number> {
  const sums = new Map<string, number>();
  for (const entry of counts) {
    if (entry.upstream !== upstream) continue;
    sums.set(entry.kind, (sums.get(entry.kind) ?? 0) + entry.count);
  }
  return sums;
}

/** How many there are at a hop, of one kind or, with "", of all. */
export function atHop(counts: HopCount[], upstream: boolean, hop: number, kind: string): number {
  return counts
    .filter((entry) => entry.upstream === upstream && entry.hop === hop)
    .filter((entry) => kind === "" || entry.kind === kind)
    .reduce((sum, entry) => sum + entry.count, 0);
}

/** Sums by kind, most first: "2 model versions, 1 channel"; "nothing". */
export function counted(sums: Map<string, number>): string {
  if (sums.size === 0) return "nothing";
  return [...sums]
    .sort((a, b) => b[1] - a[1])
    .map(([kind, many]) => {
      const noun = kindOfNode(kind);
      return `${count(many)} ${noun}${many === 1 ? "" : "s"}`;
    })
    .join(", ");
}

/** A kind of node as people say it: "data set version" for DatasetVersion. */
export function kindOfNode(kind: string): string {
  return kind
    .replace(/\B([A-Z])/g, " $1")
    .toLowerCase()
    .replace("dataset", "data set");
}

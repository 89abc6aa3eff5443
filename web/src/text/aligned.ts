// The checks of two candidates side by side: the same rule on the same line.

export interface Aligned<Check> {
  key: string;
  left: Check | undefined;
  right: Check | undefined;
}

/** In the order of the left ones; those that only the right has follow in theirs. */
export function align<Check extends { stage: string; id: string }>(
  left: Check[],
  right: Check[],
): Aligned<Check>[] {
  const keyOf = ({ stage, id }: Check) => `${stage}/${id}`;
  const others = new Map(right.map((check) => [keyOf(check), check]));
  const rows: Aligned<Check>[] = left.map((check) => ({
    key: keyOf(check),
    left: check,
    right: others.get(keyOf(check)),
  }));
  const known = new Set(rows.map(({ key }) => key));
  for (const [key, check] of others) {
    if (!known.has(key)) rows.push({ key, left: undefined, right: check });
  }
  return rows;
}

/** The decisions around one of them in a list that begins with the newest. */
export function around<Item extends { name: string }>(
  newestFirst: Item[],
  name: string,
): { older: Item | undefined; newer: Item | undefined } {
  const at = newestFirst.findIndex((item) => item.name === name);
  if (at < 0) return { older: undefined, newer: undefined };
  return { older: newestFirst[at + 1], newer: newestFirst[at - 1] };
}

/** Those with a place first, by it; the others keep their order behind them. */
export function byRank<Item extends { rank: number }>(items: Item[]): Item[] {
  const place = ({ rank }: Item) => (rank > 0 ? rank : Infinity);
  return items.toSorted((a, b) => (place(a) === place(b) ? 0 : place(a) - place(b)));
}

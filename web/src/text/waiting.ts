// Which decisions somebody should look at: those that moved nothing although something was asked.

export interface Judged {
  message: string;
  at: number; // Unix milliseconds
  stopped: boolean; // refused, or not enforced
}

/** The stopped ones since the channel last moved, each sentence once, at its newest. */
export function waiting<Item extends Judged>(newestFirst: Item[], movedAt: number): Item[] {
  const said = new Set<string>();
  return newestFirst.filter(({ message, at, stopped }) => {
    if (!stopped || at <= movedAt || said.has(message)) return false;
    said.add(message);
    return true;
  });
}

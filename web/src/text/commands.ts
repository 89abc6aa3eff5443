// The command of `mlctl` that shows what a page shows; names as that program writes them.
import { lastOf, parentOf, spoken } from "./names.ts";

/** Quotes a word for a shell where it needs that. */
export function quoted(word: string): string {
  return /^[A-Za-z0-9_@#%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}

/** Shows one resource. */
export function commandFor(name: string): string {
  const [kind, , below, , deeper] = name.split("/");
  if (kind === "experiments" && below === "runs") return `mlctl describe run ${lastOf(name)}`;
  if (kind === "experiments") return `mlctl list runs --experiment ${quoted(lastOf(name))}`;
  if (kind === "datasets") return `mlctl describe dataset ${quoted(spoken(name))}`;
  if (deeper === "decisions") return `mlctl history ${quoted(spoken(parentOf(name)))} -o json`;
  if (below === "channels") return `mlctl why ${quoted(spoken(name))}`;
  if (below === "versions") return `mlctl describe version ${quoted(spoken(name))}`;
  return `mlctl list versions ${quoted(spoken(name))}`;
}

/** Searches the runs of an experiment. */
export function searchCommand(experiment: string, filter: string, orderBy: string): string {
  const parts = ["mlctl search runs --experiment", quoted(lastOf(experiment))];
  if (filter !== "") parts.push("--filter", quoted(filter));
  if (orderBy !== "") parts.push("--order-by", quoted(orderBy));
  return parts.join(" ");
}

/** Explains what a channel serves, or why a version is not served; `revision` 0 means now. */
export function explainCommand(channel: string, version: string, revision: bigint): string {
  const what =
    version === ""
      ? `why ${quoted(spoken(channel))}`
      : `why-not ${quoted(spoken(version))} --channel ${quoted(lastOf(channel))}`;
  return `mlctl ${what}${revision === 0n ? "" : ` --as-of ${revision}`}`;
}

/** Makes a decision again. */
export function replayCommand(decision: string): string {
  return `mlctl replay ${quoted(lastOf(decision))}`;
}

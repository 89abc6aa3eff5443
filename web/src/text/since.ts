// What happened to resources since a revision, told from the server's events.
import { kindInWords } from "./kinds.ts";
import { count } from "./numbers.ts";

export interface SinceChange {
  revision: bigint;
  kind: string; // the name of an Event.Kind
  resource: string;
}

/** What was read of the events behind a revision. */
export interface Since {
  asked: bigint; // the revision
  oldest: bigint; // events before this one are gone, so nothing is known; 0: all were there
  changes: SinceChange[]; // in their order
  more: boolean; // there are more of them than were read
}

export type Fate = "made" | "changed" | "deleted";

/** A sign of life changes nothing that is shown. */
function counts({ kind }: SinceChange): boolean {
  return kind !== "RUN_HEARD";
}

function fateBy(kind: string): Fate {
  if (kind === "RUN_ARTIFACTS_DELETED") return "changed"; // the run is there
  if (kind.endsWith("_CREATED")) return "made";
  return kind.endsWith("_DELETED") || kind.endsWith("_PURGED") ? "deleted" : "changed";
}

/** What became of each resource: made since, whatever followed; else the last that is told of it. */
export function fates({ changes }: Since): Map<string, Fate> {
  const found = new Map<string, Fate>();
  for (const { kind, resource } of changes.filter(counts)) {
    if (found.get(resource) !== "made") found.set(resource, fateBy(kind));
  }
  return found;
}

function numbers(since: Since, resources: string[]): string {
  const own = new Set(resources);
  const below = [...fates(since)].filter(([name]) => !own.has(name));
  const parts = (["made", "changed", "deleted"] as const).flatMap((fate) => {
    const many = below.filter(([, its]) => its === fate).length;
    return many === 0 ? [] : [`${count(many)} ${fate}`];
  });
  const times = since.changes.filter((change) => counts(change) && own.has(change.resource)).length;
  if (times > 0) parts.unshift(`changed ${times === 1 ? "once" : `${count(times)} times`}`);
  return `${parts.join(", ")}${since.more ? " and more" : ""}`;
}

/**
 * A sentence on how what is shown now stands to what was at the revision. `exact`: it is the same.
 * REQUIRES: the changes are of `resources` and of what lies below them.
 */
export function sinceInWords(since: Since, resources: string[]): { exact: boolean; text: string } {
  const { asked, oldest } = since;
  if (oldest > 0n) {
    const gone = `The server keeps events from revision ${oldest} on, so what changed since revision ${asked} is not known.`;
    return { exact: false, text: `${gone} Shown as it is now.` };
  }
  const changes = since.changes.filter(counts);
  const last = changes.at(-1);
  if (last === undefined) {
    return {
      exact: true,
      text: `As it was at revision ${asked}: nothing of it has changed since.`,
    };
  }
  const only = resources.length === 1 ? resources[0] : undefined;
  const made = changes.find(({ kind, resource }) => resource === only && kind.endsWith("_CREATED"));
  if (made !== undefined) {
    const text = `Not there yet at revision ${asked}: made with revision ${made.revision}. Shown as it is now.`;
    return { exact: false, text };
  }
  const how = `${numbers(since, resources)}; last: ${kindInWords(last.kind)} with revision ${last.revision}`;
  return { exact: false, text: `Since revision ${asked}: ${how}. Shown as it is now.` };
}

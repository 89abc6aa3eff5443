// What a person may have done to a channel or a version: what each verb needs to be told, and says.
import { quoted } from "./commands.ts";
import { lastOf, parentOf, spoken } from "./names.ts";

export type VerbName =
  | "promote"
  | "rollback"
  | "hold"
  | "release"
  | "override"
  | "archive"
  | "restore"
  | "delete"
  | "undelete"
  | "tag";

export interface Verb {
  label: string; // of its button
  title: string; // of its dialog
  version: boolean; // names a version
  reason: boolean; // the API asks why
  typed: boolean; // a name is typed, so that nobody does it by a slip
  tag?: boolean; // a tag's key and value
}

export const VERBS: Record<VerbName, Verb> = {
  promote: {
    label: "Promote by policy",
    title: "Let the policy decide",
    version: false,
    reason: false,
    typed: false,
  },
  rollback: {
    label: "Roll back",
    title: "Go back",
    version: true,
    reason: true,
    typed: false,
  },
  hold: {
    label: "Hold a version",
    title: "Keep a version out",
    version: true,
    reason: true,
    typed: false,
  },
  release: {
    label: "Release",
    title: "Let a held version come back",
    version: true,
    reason: true,
    typed: false,
  },
  override: {
    label: "Override",
    title: "Serve a version whatever the policy says",
    version: true,
    reason: true,
    typed: true,
  },
  archive: {
    label: "Archive",
    title: "Offer this version no longer",
    version: false,
    reason: false,
    typed: false,
  },
  restore: {
    label: "Restore",
    title: "Offer this version again",
    version: false,
    reason: false,
    typed: false,
  },
  delete: { label: "Delete", title: "Delete", version: false, reason: false, typed: true },
  undelete: { label: "Restore", title: "Take back", version: false, reason: false, typed: false },
  tag: { label: "Tag", title: "Set a tag", version: false, reason: false, typed: false, tag: true },
};

/** Instead of a version, of a rollback: the one served before, or none at all. */
export const BEFORE = "";
export const NOTHING = "nothing";

/** What a person has filled in. */
export interface Asked {
  verb: VerbName;
  target: string; // the channel; else the version or the run that it is done to
  version: string; // a resource name, BEFORE or NOTHING
  reason: string;
  typed: string;
  key: string; // of a tag
  value: string; // of it; empty: the tag is taken away
}

/** What is typed to delete it: a version as people say it, of a run the beginning of its id. */
export function typedName({ version, target }: Pick<Asked, "version" | "target">): string {
  if (target.includes("/runs/")) return lastOf(target).slice(0, 8);
  return spoken(version === "" ? target : version);
}

const MOST_REASON_BYTES = 5000;

/** What is still to be filled in before it can be done; empty when nothing is. */
export function missing(asked: Asked): string {
  const { verb, version, reason, typed } = asked;
  const needs = VERBS[verb];
  if (needs.tag === true && asked.key.trim() === "") return "Name the tag.";
  if (needs.version && verb !== "rollback" && version === "") return "Choose a version.";
  if (needs.reason && reason.trim() === "") return "Say why: it is kept with the decision.";
  if (new TextEncoder().encode(reason).length > MOST_REASON_BYTES) {
    return `A reason has at most ${MOST_REASON_BYTES} bytes.`;
  }
  const name = typedName(asked);
  if (needs.typed && typed.trim() !== name) return `Type ${name} to go on.`;
  return "";
}

/** The command that does the same, or only tries it. */
export function verbCommand(asked: Asked, epoch: bigint | undefined): string {
  const { verb, target, version, reason } = asked;
  if (verb === "archive" || verb === "restore") return `mlctl ${verb} version ${spoken(target)}`;
  const kind = target.includes("/runs/") ? "run" : "version";
  const named = kind === "run" ? lastOf(target) : spoken(target);
  if (verb === "delete") return `mlctl delete ${kind} ${named}`;
  if (verb === "undelete") return `mlctl restore ${kind} ${named}`;
  if (verb === "tag") return tagCommand(kind, named, asked);
  const model = lastOf(parentOf(target));
  const bare = version === BEFORE || version === NOTHING || verb === "rollback";
  const parts = ["mlctl", verb, quoted(bare ? model : spoken(version))];
  if (lastOf(target) !== "production") parts.push("--channel", quoted(lastOf(target)));
  if (verb === "rollback" && version === NOTHING) parts.push("--to-nothing");
  else if (verb === "rollback" && version !== BEFORE) parts.push("--to", lastOf(version));
  if (VERBS[verb].reason) parts.push("--reason", quoted(reason.trim() || "WHY"));
  if (epoch === undefined || verb === "hold" || verb === "release") return parts.join(" ");
  parts.push(verb === "promote" ? "--if-epoch" : "--expected-epoch", epoch.toString());
  return parts.join(" ");
}

function tagCommand(kind: "run" | "version", named: string, { key, value }: Asked): string {
  const name = key.trim() === "" ? "KEY" : key.trim();
  if (kind === "run") return `mlctl log tag ${named} ${quoted(`${name}=${value}`)}`;
  const change =
    value === "" ? `--remove-tag ${quoted(name)}` : `--tag ${quoted(`${name}=${value}`)}`;
  return `mlctl update version ${named} ${change}`;
}

/** What moved the channel while a person looked, from what the server adds to its refusal. */
export function whatMoved(metadata: Record<string, string>): string {
  const { expectedEpoch, currentEpoch, version = "", decision = "" } = metadata;
  if (expectedEpoch === undefined || currentEpoch === undefined) return "";
  const served = version === "" ? "nothing" : spoken(version);
  const by = decision === "" ? "" : ` by ${spoken(decision)}`;
  return `Epoch ${expectedEpoch} was looked at; now it is epoch ${currentEpoch}, which serves ${served}${by}.`;
}

/** A random UUID of version 4 from 16 random bytes. */
export function uuid4(random: Uint8Array): string {
  const hex = [...random].map((byte, index) => {
    const fixed = index === 6 ? (byte & 0x0f) | 0x40 : index === 8 ? (byte & 0x3f) | 0x80 : byte;
    return fixed.toString(16).padStart(2, "0");
  });
  return [hex.slice(0, 4), hex.slice(4, 6), hex.slice(6, 8), hex.slice(8, 10), hex.slice(10, 16)]
    .map((part) => part.join(""))
    .join("-");
}

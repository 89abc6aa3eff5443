// The calls that change what is served, each first as a dry run.
import type { Decision } from "../../gen/cairn/v1/promotion_pb.ts";
import { Decision_Outcome as Outcome } from "../../gen/cairn/v1/promotion_pb.ts";
import { ModelVersion_State, type ModelVersion } from "../../gen/cairn/v1/registry_pb.ts";
import { Verb } from "../../gen/cairn/v1/method_options_pb.ts";
import { spoken } from "../text/names.ts";
import { BEFORE, NOTHING, uuid4, type Asked, type VerbName } from "../text/verbs.ts";
import { auth } from "./services/auth.ts";
import { promotion } from "./services/promotion.ts";
import { registry } from "./services/registry.ts";
import { tracking } from "./services/tracking.ts";
import { useQuery } from "./queries.ts";

/** What the server would do, or did. */
export interface Answer {
  decision?: Decision;
  version?: ModelVersion; // of archive and restore, which are no decisions
  told?: string; // of what has no answer of its own
}

interface Call {
  validateOnly: boolean;
  requestId: string;
  expectedEpoch?: bigint;
}

// A dry run is not stored, and its reason neither; the server asks for one all the same.
const NO_REASON_YET = "dry run";

/**
 * Asks what would be done, or with a request's id has it done: repeating it with the same one does
 * nothing twice.
 */
export async function ask(asked: Asked, epoch?: bigint, requestId = ""): Promise<Answer> {
  const commit = requestId !== "";
  const call: Call = { validateOnly: !commit, requestId };
  if (epoch !== undefined) call.expectedEpoch = epoch;
  const { target: name } = asked;
  if (asked.verb === "archive")
    return { version: await registry.archiveModelVersion({ name, ...call }) };
  if (asked.verb === "restore")
    return { version: await registry.restoreModelVersion({ name, ...call }) };
  if (asked.verb === "delete") return { told: await deleteIt(name, call) };
  if (asked.verb === "undelete") {
    await tracking.undeleteRun({ name, ...call });
    return { told: `${spoken(name)} taken back` };
  }
  if (asked.verb === "tag") return { told: await tagIt(asked, call) };
  const reason = asked.reason.trim() || (commit ? "" : NO_REASON_YET);
  return { decision: await decide(asked, reason, call) };
}

async function deleteIt(name: string, call: Call): Promise<string> {
  if (isRun(name)) {
    await tracking.deleteRun({ name, ...call });
    return `${spoken(name)} deleted; it can be taken back until it is purged`;
  }
  await registry.deleteModelVersion({ name, ...call });
  return `${spoken(name)} deleted for good; its number is not used again`;
}

async function tagIt({ target: name, key, value }: Asked, call: Call): Promise<string> {
  const tags: Record<string, string> = value === "" ? {} : { [key.trim()]: value };
  const updateMask = { paths: [`tags.${key.trim()}`] };
  if (isRun(name)) await tracking.updateRun({ run: { name, tags }, updateMask, ...call });
  else await registry.updateModelVersion({ modelVersion: { name, tags }, updateMask, ...call });
  return value === "" ? `tag ${key.trim()} taken away` : `tag ${key.trim()} set`;
}

function isRun(name: string): boolean {
  return name.includes("/runs/");
}

function decide({ verb, target: name, version }: Asked, reason: string, call: Call) {
  const { validateOnly, requestId } = call;
  switch (verb) {
    case "promote":
      return promotion.promote({ name, version, ...call });
    case "override":
      return promotion.override({ name, version, reason, ...call });
    case "hold":
      return promotion.holdVersion({ name, version, reason, validateOnly, requestId });
    case "release":
      return promotion.releaseVersion({ name, version, reason, validateOnly, requestId });
    default: {
      const toNothing = version === NOTHING;
      const to = toNothing ? BEFORE : version;
      return promotion.rollback({ name, version: to, toNothing, reason, ...call });
    }
  }
}

export function newRequestId(): string {
  return uuid4(crypto.getRandomValues(new Uint8Array(16)));
}

/** Whether the answer moves, holds, releases or archives anything. */
export function changes({ decision, version, told }: Answer): boolean {
  if (decision === undefined) return version !== undefined || told !== undefined;
  return ![Outcome.NO_CHANGE, Outcome.REFUSED, Outcome.NOT_ENFORCED].includes(decision.outcome);
}

/** An answer as one line, in the server's words where it has some. */
export function lineOf({ decision, version, told }: Answer): string {
  if (told !== undefined) return told;
  if (decision !== undefined) return decision.message;
  return version === undefined
    ? ""
    : `${spoken(version.name)} ${ModelVersion_State[version.state].toLowerCase()}`;
}

const NEEDED: Record<VerbName, Verb> = {
  promote: Verb.PROMOTE,
  rollback: Verb.PROMOTE,
  hold: Verb.PROMOTE,
  release: Verb.PROMOTE,
  override: Verb.OVERRIDE,
  archive: Verb.PROMOTE,
  restore: Verb.PROMOTE,
  delete: Verb.ADMIN,
  undelete: Verb.LOG,
  tag: Verb.LOG,
};

/** Of a run all that is done to it is logging, also its deletion, which can be taken back. */
function neededFor(verb: VerbName, resource: string): Verb {
  return verb === "delete" && isRun(resource) ? Verb.LOG : NEEDED[verb];
}

/** Which verbs the caller may use on `resource`; none before the server has said so. */
export function useAllowed(resource: string): (verb: VerbName) => boolean {
  const read = async () => {
    const verbs = [Verb.PROMOTE, Verb.OVERRIDE, Verb.LOG, Verb.ADMIN];
    const answers = await Promise.all(
      verbs.map((verb) => auth.testPermission({ verb, resources: [resource] })),
    );
    return verbs.filter((_, index) => answers[index]?.permissions[0]?.allowed === true);
  };
  const { data } = useQuery(`${resource} permissions`, read, ({ kind }) =>
    kind.startsWith("ROLE_"),
  );
  return (verb) => data?.includes(neededFor(verb, resource)) === true;
}

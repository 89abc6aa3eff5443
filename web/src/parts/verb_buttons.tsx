// The verbs of a channel and of a version: a button for each that the caller may use.
import { useState } from "preact/hooks";
import type { Channel, ModelVersion } from "../../gen/cairn/v1/registry_pb.ts";
import { ModelVersion_State } from "../../gen/cairn/v1/registry_pb.ts";
import type { Run } from "../../gen/cairn/v1/tracking_pb.ts";
import { registry } from "../api/services/registry.ts";
import { useEpochs } from "../api/channels.ts";
import { below, useQuery } from "../api/queries.ts";
import { useAllowed } from "../api/verbs.ts";
import { lastOf, parentOf, spoken } from "../text/names.ts";
import { BEFORE, NOTHING, VERBS, type VerbName } from "../text/verbs.ts";
import { VerbDialog, type Choice } from "./verb_dialog.tsx";

const VERSIONS_OFFERED = 100;

/** Which verbs make sense of the channel as it is. */
function verbsOf(channel: Channel): VerbName[] {
  const verbs: VerbName[] = [];
  if (channel.policy !== "") verbs.push("promote");
  if (channel.version !== "") verbs.push("rollback");
  verbs.push("hold");
  if (channel.holds.length > 0) verbs.push("release");
  verbs.push("override");
  return verbs;
}

const UNCHOSEN: Choice = { version: "", label: "choose…" };

export function ChannelVerbs({ channel }: { channel: Channel }) {
  const allowed = useAllowed(channel.name);
  const [open, setOpen] = useState<VerbName>();
  const choices = useChoices(channel);
  return (
    <>
      {verbsOf(channel)
        .filter(allowed)
        .map((verb) => (
          <button key={verb} type="button" class="button" onClick={() => setOpen(verb)}>
            {VERBS[verb].label}…
          </button>
        ))}
      {open !== undefined && (
        <VerbDialog
          verb={open}
          target={channel.name}
          choices={choices(open)}
          onClose={() => setOpen(undefined)}
        />
      )}
    </>
  );
}

/** The versions that a verb may name. */
function useChoices(channel: Channel): (verb: VerbName) => Choice[] {
  const model = parentOf(channel.name);
  const read = () => registry.listModelVersions({ parent: model, pageSize: VERSIONS_OFFERED });
  const versions = useQuery(`${model} versions offered`, read, below(model));
  const epochs = useEpochs(channel.name);
  const held = new Map(channel.holds.map(({ version, reason }) => [version, reason]));
  const offered = (versions.data?.modelVersions ?? [])
    .filter(({ state }) => state !== ModelVersion_State.ARCHIVED)
    .map(({ name }) => name)
    .filter((name) => !held.has(name));
  const choice = (version: string) => {
    const served = version === channel.version ? ", served now" : "";
    const back = held.has(version) ? ", held: to be released first" : "";
    return { version, label: `${spoken(version)}${served}${back}` };
  };
  return (verb) => {
    if (verb === "hold") return [UNCHOSEN, ...offered.map(choice)];
    if (verb === "override") {
      return [UNCHOSEN, ...offered.filter((one) => one !== channel.version).map(choice)];
    }
    if (verb === "release") {
      const back = [...held].map(([version, why]) => ({
        version,
        label: `${spoken(version)}: ${why}`,
      }));
      return [UNCHOSEN, ...back];
    }
    if (verb !== "rollback") return [];
    const before = new Set((epochs.data?.rows ?? []).map(({ version }) => version));
    return [
      { version: BEFORE, label: "what was served before" },
      ...[...before].filter((one) => one !== "" && one !== channel.version).map(choice),
      { version: NOTHING, label: "nothing" },
    ];
  };
}

/** Of a version: to be promoted to a channel with a policy, and to be offered or not. */
export function VersionVerbs({
  version,
  channels,
}: {
  version: ModelVersion;
  channels: Channel[];
}) {
  const archived = version.state === ModelVersion_State.ARCHIVED;
  const allowed = useAllowed(version.name);
  const [open, setOpen] = useState<VerbName>();
  const verbs: VerbName[] = archived ? ["restore", "tag", "delete"] : ["archive", "tag"];
  return (
    <>
      {!archived &&
        channels
          .filter((channel) => channel.policy !== "" && channel.version !== version.name)
          .map(({ name }) => <PromoteThis key={name} channel={name} version={version.name} />)}
      {verbs.filter(allowed).map((verb) => (
        <button key={verb} type="button" class="button" onClick={() => setOpen(verb)}>
          {VERBS[verb].label}…
        </button>
      ))}
      {open !== undefined && (
        <VerbDialog
          verb={open}
          target={version.name}
          version={version.name}
          onClose={() => setOpen(undefined)}
        />
      )}
    </>
  );
}

/** Of a run: to be tagged, deleted and taken back. */
export function RunVerbs({ run }: { run: Run }) {
  const allowed = useAllowed(run.name);
  const [open, setOpen] = useState<VerbName>();
  const verbs: VerbName[] = run.deleteTime === undefined ? ["tag", "delete"] : ["undelete"];
  return (
    <>
      {verbs.filter(allowed).map((verb) => (
        <button key={verb} type="button" class="button" onClick={() => setOpen(verb)}>
          {VERBS[verb].label}…
        </button>
      ))}
      {open !== undefined && (
        <VerbDialog verb={open} target={run.name} onClose={() => setOpen(undefined)} />
      )}
    </>
  );
}

function PromoteThis({ channel, version }: { channel: string; version: string }) {
  const allowed = useAllowed(channel);
  const [open, setOpen] = useState(false);
  if (!allowed("promote")) return null;
  return (
    <>
      <button type="button" class="button" onClick={() => setOpen(true)}>
        Promote to {lastOf(channel)}…
      </button>
      {open && (
        <VerbDialog
          verb="promote"
          target={channel}
          version={version}
          onClose={() => setOpen(false)}
        />
      )}
    </>
  );
}

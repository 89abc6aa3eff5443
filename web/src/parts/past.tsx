// How what a page shows stands to the revision that its address asks for.
import { useMemo } from "preact/hooks";
import { below, useQuery } from "../api/queries.ts";
import { asOf, showAsOf } from "../app/as_of.ts";
import { fates, sinceInWords, type Fate } from "../text/since.ts";

/** A page of what has no past is of these resources, and tells what happened to them since. */
export type SinceOf = string[];

const MOST_RESOURCES = 100; // that a stream is asked for

function useSince(resources: SinceOf) {
  const revision = asOf.value;
  const asked = revision > 0n && resources.length > 0 && resources.length <= MOST_RESOURCES;
  const key = asked ? `since ${revision} ${resources.join(" ")}` : "since nothing";
  const read = async () => {
    if (!asked) return undefined;
    const { readSince } = await import("../api/changes_since.ts");
    return readSince(revision, resources);
  };
  return useQuery(key, read, asked ? below(...resources) : null);
}

/** What became of resources since the revision; empty where the address asks for none. */
export function useFates(resources: SinceOf): ReadonlyMap<string, Fate> {
  const { data } = useSince(resources);
  return useMemo(() => (data === undefined ? new Map<string, Fate>() : fates(data)), [data]);
}

function Told({ text, exact }: { text: string; exact: boolean }) {
  return (
    <p class="row notice warned" role="status">
      {text}
      <button type="button" class="link" onClick={() => showAsOf("")}>
        {exact ? "Back to now" : "Leave the revision"}
      </button>
    </p>
  );
}

function ToldSince({ since }: { since: SinceOf }) {
  const { data, failure } = useSince(since);
  const revision = asOf.value;
  if (failure !== undefined) {
    const text = `What changed since revision ${revision} is not known: ${failure.message}. Shown as it is now.`;
    return <Told text={text} exact={false} />;
  }
  if (data === undefined) {
    return <Told text={`Reading what changed since revision ${revision}…`} exact={false} />;
  }
  return <Told {...sinceInWords(data, since)} />;
}

/** That the page shows the past, how it differs from it, or that it knows nothing of it. */
export function Past({ travels, since }: { travels: boolean; since: SinceOf }) {
  const revision = asOf.value;
  if (revision === 0n) return null;
  if (travels) return <Told text={`As it was at revision ${revision}.`} exact />;
  if (since.length > 0 && since.length <= MOST_RESOURCES) return <ToldSince since={since} />;
  const kept = "channels, versions, decisions and policies, and events of runs and data sets";
  return (
    <Told
      text={`This page shows now, not revision ${revision}: of the past the server keeps ${kept}.`}
      exact={false}
    />
  );
}

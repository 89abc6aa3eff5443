// The text of a policy with its line numbers; the address says which line is looked at.
import { useEffect, useRef } from "preact/hooks";
import { promotion } from "../api/services/promotion.ts";
import { below, useQuery } from "../api/queries.ts";
import { query } from "../app/address.ts";
import { asOf } from "../app/as_of.ts";
import { pageOf } from "../text/names.ts";
import { Loaded } from "./state.tsx";
import { When } from "./words.tsx";

/** The address of a line of the policy of a channel, as a revision of it had that line. */
export function lineOfPolicy(channel: string, line: number, revision: bigint): string {
  return `${pageOf(channel)}?line=${line}&policy=${revision}`;
}

export function PolicyText({ name }: { name: string }) {
  const line = Number(query.value.get("line") ?? "0");
  const asked = query.value.get("policy") ?? "";
  const revision = /^\d{1,9}$/.test(asked) ? BigInt(asked) : 0n;
  const at = revision === 0n ? asOf.value : 0n;
  const read = () => promotion.getPolicy({ name, revision, asOfRevision: at });
  const key = revision + at === 0n ? name : `${name} revision ${revision} at ${at}`;
  const found = useQuery(key, read, below(name));
  const newest = useQuery(name, () => promotion.getPolicy({ name }), below(name));
  return (
    <Loaded query={found} rows={8}>
      {(policy) => (
        <>
          <p class="quiet">
            Revision {policy.revision.toString()}
            {newest.data !== undefined &&
              newest.data.revision !== policy.revision &&
              `, not the newest, which is ${newest.data.revision}`}
            , applied <When at={policy.updateTime} /> by {policy.principal}.
          </p>
          <Lines source={policy.source} marked={line} />
        </>
      )}
    </Loaded>
  );
}

function Lines({ source, marked }: { source: string; marked: number }) {
  const list = useRef<HTMLOListElement>(null);
  useEffect(() => {
    const line = list.current?.children[marked - 1];
    if (line === undefined) return;
    line.scrollIntoView({ block: "center" });
  }, [source, marked]);
  return (
    <div class="preview" tabIndex={0} role="region" aria-label="Text of the policy">
      <ol class="lines mono" ref={list}>
        {source
          .trimEnd()
          .split("\n")
          .map((text, index) => (
            <li key={index} {...(index + 1 === marked ? { "aria-current": "true" } : {})}>
              {text}
            </li>
          ))}
      </ol>
    </div>
  );
}

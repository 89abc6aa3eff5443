// The events of some resources behind a revision, read from the stream of changes up to now.
import { createClient } from "@connectrpc/connect";
import { effect } from "@preact/signals";
import { Event_Kind } from "../../gen/cairn/v1/events_pb.ts";
import { WatchService } from "../../gen/cairn/v1/watch_pb.ts";
import type { Since } from "../text/since.ts";
import { transport } from "./calls.ts";
import { live } from "./live.ts";

const MOST_CHANGES = 5_000;
const HEARTBEAT_NANOS = 100_000_000; // how soon the stream says that there is no more

/** The newest revision that the tab knows of; waits until it knows one. */
function newestRevision(): Promise<bigint> {
  return new Promise((resolve) => {
    const stop = effect(() => {
      const { revision } = live.value;
      if (revision === "0") return;
      resolve(BigInt(revision));
      queueMicrotask(() => stop());
    });
  });
}

/**
 * What happened to `resources` and below them behind `revision`, up to the newest one. It is a
 * stream of its own, and ends. Errors are those of Watch: a revision that has not been yet.
 */
export async function readSince(revision: bigint, resources: string[]): Promise<Since> {
  const since: Since = { asked: revision, oldest: 0n, changes: [], more: false };
  const newest = await newestRevision();
  const request = {
    startRevision: revision + 1n,
    resources,
    heartbeat: { seconds: 0n, nanos: HEARTBEAT_NANOS },
  };
  const reading = new AbortController();
  const watch = createClient(WatchService, transport);
  try {
    for await (const message of watch.watch(request, { signal: reading.signal })) {
      if (message.oldestRevision > 0n) return { ...since, oldest: message.oldestRevision };
      for (const { revision: at, kind, resource } of message.events) {
        since.changes.push({ revision: at, kind: Event_Kind[kind], resource });
      }
      if (since.changes.length > MOST_CHANGES) return { ...since, more: true };
      if (message.revision >= newest && !message.fragment) return since;
    }
    return since;
  } finally {
    reading.abort();
  }
}

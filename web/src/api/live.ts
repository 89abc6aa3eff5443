// The tab's end of the stream of changes.
import { effect, signal } from "@preact/signals";
import { failureOf, signInNeeded, token, whoAmI } from "./calls.ts";
import type { Change, LiveState, ToTab, ToWorker } from "./live_protocol.ts";

export type { Change } from "./live_protocol.ts";

declare const LIVE_WORKER: string; // the worker's path, set by the build

/** How the stream is, the newest revision it told and since when it is so (Unix milliseconds). */
export const live = signal<{ state: LiveState; revision: string; since: number }>({
  state: "connecting",
  revision: "0",
  since: Date.now(),
});

const listeners = new Set<(change: Change) => void>();

/** Calls `listener` for every change from now on, until what it returns is called. */
export function onChange(listener: (change: Change) => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

function take(message: ToTab): void {
  if (message.type === "state") {
    live.value = message;
    // Refused with a token: asking who that is tells whether the token is gone, and signs out then.
    if (message.state === "refused" && token.value !== "") void whoAmI().catch(failureOf);
    return;
  }
  for (const change of message.changes) {
    for (const listener of listeners) listener(change);
  }
}

/** Begins to listen. Called once, when the page starts. */
export function watchServer(): void {
  const worker = new SharedWorker(LIVE_WORKER, { type: "module", name: "cairn-live" });
  const { port } = worker;
  port.onmessage = ({ data }) => take(data as ToTab);
  const say = (message: ToWorker) => port.postMessage(message);
  effect(() => {
    if (!signInNeeded.value) say({ type: "hello", token: token.value });
  });
  addEventListener("pagehide", () => say({ type: "bye" }));
  addEventListener("pageshow", (event) => {
    if (event.persisted) say({ type: "hello", token: token.value });
  });
}

// Pages that are fetched when they are first opened, so that the first page is small.
import { signal } from "@preact/signals";
import type { ComponentType } from "preact";
import { Waiting } from "./state.tsx";

type Load<Props> = () => Promise<ComponentType<Props>>;

const waiting: (() => Promise<unknown>)[] = [];

/** A component that is fetched with its first use, or before it by `fetchTheRest`. */
export function later<Props extends object>(load: Load<Props>): ComponentType<Props> {
  const state = signal<ComponentType<Props> | "failed" | undefined>(undefined);
  const fetchIt = () =>
    load().then(
      (component) => {
        state.value = component;
      },
      () => {
        state.value = "failed";
      },
    );
  waiting.push(fetchIt);
  return (props: Props) => {
    const Shown = state.value;
    if (Shown === undefined) {
      void fetchIt();
      return <Waiting rows={10} />;
    }
    if (Shown === "failed") {
      // A server that was brought up to date has other files: the page must be loaded anew.
      return (
        <div class="notice failed" role="alert">
          <div class="row">
            <span>This part of the page cannot be fetched.</span>
            <button type="button" class="button" onClick={() => location.reload()}>
              Load the page anew
            </button>
          </div>
        </div>
      );
    }
    return <Shown {...props} />;
  };
}

/** What a page that opens does comes first, also while it waits for the server. */
const REST_AFTER_MILLIS = 1_500;

/** Fetches all of them, one by one, once the page has nothing else to do. */
export function fetchTheRest(): void {
  const next = async () => {
    const fetchIt = waiting.shift();
    if (fetchIt === undefined) return;
    await fetchIt();
    whenIdle(() => void next());
  };
  whenOpened(() => void next(), REST_AFTER_MILLIS);
}

/** Does it so long after the page began, when that has nothing else to do. */
export function whenOpened(work: () => void, millis: number): void {
  setTimeout(() => whenIdle(work), Math.max(0, millis - performance.now()));
}

/** Does it when the page has nothing else to do, or soon if that does not come. */
export function whenIdle(work: () => void): void {
  if ("requestIdleCallback" in window) requestIdleCallback(work, { timeout: 1_000 });
  else setTimeout(work, 50);
}

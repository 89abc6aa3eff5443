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

/** Fetches all of them once the page has nothing else to do. */
export function fetchTheRest(): void {
  const fetchAll = () => {
    for (const fetchIt of waiting) void fetchIt();
  };
  if ("requestIdleCallback" in window) requestIdleCallback(fetchAll);
  else setTimeout(fetchAll, 1_000);
}

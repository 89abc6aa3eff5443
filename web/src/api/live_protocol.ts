// What the worker that watches the server and the tabs tell each other.

/** One committed change, as far as pages ask for it. */
export interface Change {
  revision: string; // decimal: it may be above 2^53
  kind: string; // "RUN_CREATED"
  resource: string;
  principal: string;
  time: number; // Unix milliseconds
  relisted: boolean; // changes were missed: everything may be different
}

export type LiveState = "connecting" | "live" | "broken" | "refused";

export type ToTab =
  | { type: "changes"; changes: Change[] }
  | { type: "state"; state: LiveState; revision: string; since: number };

export type ToWorker = { type: "hello"; token: string } | { type: "bye" };

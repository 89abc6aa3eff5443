// Addresses that MLflow's client prints: "http://HOST/#/experiments/1/runs/9f3c…". What they name is
// shown here under the same name without the mark.

/** The path of our page for the part of an address from its "#" on; undefined where it is none. */
export function pathOfMlflowLink(hash: string): string | undefined {
  const path = /^#(\/(?:experiments|models)\/[^?]*)/.exec(hash)?.[1];
  if (path === undefined) return undefined;
  // Behind the run's id stands a tab of its page there.
  const run = /^\/experiments\/[^/]+\/runs\/[^/]+/.exec(path)?.[0];
  return run ?? path.replace(/\/(?:runs|traces|models)?\/?$/, "");
}

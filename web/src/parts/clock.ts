// The time that relative times are reckoned from: one for the page, moved on every ten seconds.
import { signal } from "@preact/signals";

/** Unix milliseconds. */
export const now = signal(Date.now());

export function startClock(): void {
  setInterval(() => (now.value = Date.now()), 10_000);
}

// The one quiet line that says that something was done.
import { signal } from "@preact/signals";

export const said = signal("");

let timer: ReturnType<typeof setTimeout> | undefined;

/** Shows a line for a few seconds; it is announced to those who listen. */
export function say(line: string): void {
  said.value = line;
  clearTimeout(timer);
  timer = setTimeout(() => (said.value = ""), 4_000);
}

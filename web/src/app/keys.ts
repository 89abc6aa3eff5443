// The keys of the whole UI, in one table: what a page adds it adds here, so that `?` shows it.
import { go } from "./address.ts";

export interface Key {
  keys: string; // "j", "g r" for one after the other, "Ctrl k"
  does: string;
  run: () => void;
}

const SECOND_KEY_MILLIS = 1_000;
const active: Key[] = [];
let before = "";
let beforeAt = 0;

/** Adds keys until what it returns is called; the newest of two with the same keys wins. */
export function addKeys(keys: Key[]): () => void {
  active.push(...keys);
  return () => {
    for (const key of keys) active.splice(active.indexOf(key), 1);
  };
}

/** Those that work now. */
export function activeKeys(): readonly Key[] {
  return active;
}

function writes(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName);
}

function press(event: KeyboardEvent): void {
  const control = event.ctrlKey || event.metaKey;
  if (event.altKey || (writes(event.target) && !control)) return;
  if (document.querySelector("dialog[open]") !== null && !control) return;
  const now = Date.now();
  const key = control ? `Ctrl ${event.key}` : event.key;
  const both = now - beforeAt < SECOND_KEY_MILLIS ? `${before} ${key}` : key;
  const found = active.findLast(({ keys }) => keys === both || keys === key);
  before = key;
  beforeAt = now;
  if (found === undefined) return;
  event.preventDefault();
  found.run();
}

export function startKeys(): void {
  addEventListener("keydown", press);
  addKeys([
    { keys: "g h", does: "go to Now", run: () => go("/") },
    { keys: "g r", does: "go to runs", run: () => go("/experiments") },
    { keys: "g m", does: "go to models", run: () => go("/models") },
    { keys: "g d", does: "go to data sets", run: () => go("/datasets") },
    { keys: "g a", does: "go to activity", run: () => go("/activity") },
  ]);
}

// What a page has read from the server, kept by key: a page that is opened again shows what it knew
// at once and reads anew behind it.
import { effect, signal, type Signal } from "@preact/signals";
import { useEffect, useMemo, useRef } from "preact/hooks";
import { failureOf, token, type Failure } from "./calls.ts";
import { onChange, type Change } from "./live.ts";

/** The newest answer and what is under way for it. `data` outlives errors: it is then old. */
export interface Query<Data> {
  data: Data | undefined;
  failure: Failure | undefined;
  loading: boolean;
  readAt: number; // Unix milliseconds of `data`
}

interface Entry {
  state: Signal<Query<unknown>>;
  read: () => Promise<unknown>;
  running: boolean;
  again: boolean; // something changed while it was read
}

const MAX_ENTRIES = 200;
const entries = new Map<string, Entry>();

// Somebody else may not be shown what this one was allowed to read.
let reader = token.value;
effect(() => {
  if (token.value !== reader) entries.clear();
  reader = token.value;
});

function entryOf(key: string, read: () => Promise<unknown>): Entry {
  let entry = entries.get(key);
  if (entry === undefined) {
    const state = signal<Query<unknown>>({
      data: undefined,
      failure: undefined,
      loading: true,
      readAt: 0,
    });
    entry = { state, read, running: false, again: false };
  } else {
    entries.delete(key); // and put at the end: the longest unused one goes first
    entry.read = read;
  }
  entries.set(key, entry);
  for (const oldest of entries.keys()) {
    if (entries.size <= MAX_ENTRIES) break;
    entries.delete(oldest);
  }
  return entry;
}

async function refresh(entry: Entry): Promise<void> {
  if (entry.running) {
    entry.again = true;
    return;
  }
  entry.running = true;
  entry.state.value = { ...entry.state.value, loading: true };
  try {
    const data = await entry.read();
    entry.state.value = { data, failure: undefined, loading: false, readAt: Date.now() };
  } catch (error) {
    entry.state.value = { ...entry.state.value, failure: failureOf(error), loading: false };
  }
  entry.running = false;
  if (!entry.again) return;
  entry.again = false;
  await refresh(entry);
}

/**
 * What `read` gives, read when the page opens and again after every change that `concerns`.
 *
 * `key` names it: two parts of a page with the same key share one call. `concerns` null: it is
 * read once, as what never changes.
 */
export function useQuery<Data>(
  key: string,
  read: () => Promise<Data>,
  concerns: ((change: Change) => boolean) | null = null,
): Query<Data> & { reload: () => void } {
  const entry = useMemo(() => entryOf(key, read), [key]);
  useEffect(() => {
    void refresh(entry);
    if (concerns === null) return undefined;
    return onChange((change) => {
      if (change.relisted || concerns(change)) void refresh(entry);
    });
  }, [entry]);
  const state = entry.state.value as Query<Data>;
  return { ...state, reload: () => void refresh(entry) };
}

/** The newest data that there was, also while a query with another key has none yet. */
export function useNewest<Data>(data: Data | undefined): Data | undefined {
  const newest = useRef<Data | undefined>(undefined);
  if (data !== undefined) newest.current = data;
  return newest.current;
}

/** Changes of `resource` itself and of everything below it. */
export function below(...resources: string[]): (change: Change) => boolean {
  return ({ resource }) =>
    resources.some((name) => resource === name || resource.startsWith(`${name}/`));
}

// Where the reader is: the address bar is the page's state, and the only one that outlives it.
import { computed, signal } from "@preact/signals";

const current = signal(location.pathname + location.search);

/** The decoded path, "/experiments/0/runs/abc"; never with a slash at its end but for "/". */
export const path = computed(() => {
  const bare = current.value.split("?")[0] ?? "/";
  return decodeURIComponent(bare.length > 1 && bare.endsWith("/") ? bare.slice(0, -1) : bare);
});

/** What stands after the question mark. */
export const query = computed(() => new URLSearchParams(current.value.split("?")[1] ?? ""));

function arrive(): void {
  current.value = location.pathname + location.search;
}

/** Goes to another page; the one before stays behind the back button, with its scroll. */
export function go(href: string): void {
  history.replaceState({ scroll: scrollY }, "");
  history.pushState(null, "", href);
  arrive();
  scrollTo(0, 0);
}

/** Goes to another page in the place of this one: the back button leads to that before. */
export function replace(href: string): void {
  history.replaceState(null, "", href);
  arrive();
}

/** Changes what stands after the question mark, in place; empty values go. */
export function setQuery(changes: Record<string, string>): void {
  const next = new URLSearchParams(query.value);
  for (const [name, value] of Object.entries(changes)) {
    if (value === "") next.delete(name);
    else next.set(name, value);
  }
  // Commas and slashes need no escape there, and lists of names are full of them.
  const text = next.toString().replaceAll("%2C", ",").replaceAll("%2F", "/");
  history.replaceState(history.state, "", location.pathname + (text === "" ? "" : `?${text}`));
  arrive();
}

/** Makes links of this site open without loading the page anew, and the back button restore it. */
export function followLinks(): void {
  history.scrollRestoration = "manual";
  addEventListener("popstate", ({ state }) => {
    arrive();
    const { scroll = 0 } = (state ?? {}) as { scroll?: number };
    requestAnimationFrame(() => requestAnimationFrame(() => scrollTo(0, scroll)));
  });
  document.addEventListener("click", (event) => {
    if (event.defaultPrevented || event.button !== 0) return;
    if (event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    const link = (event.target as Element).closest("a");
    if (link === null || link.target !== "" || link.hasAttribute("download")) return;
    if (link.origin !== location.origin) return;
    event.preventDefault();
    go(link.pathname + link.search);
  });
}

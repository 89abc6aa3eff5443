// The theme that the reader chose, or that of the system; known before anything is drawn.
export type Theme = "light" | "dark";

const KEY = "cairn-theme";

export const systemTheme = matchMedia("(prefers-color-scheme: dark)");

export function chooseTheme(theme: Theme): void {
  localStorage.setItem(KEY, theme);
}

/** Puts it on the page, and tells which it is. */
export function applyTheme(): Theme {
  const chosen = localStorage.getItem(KEY);
  const system = systemTheme.matches ? "dark" : "light";
  const theme = chosen === "light" || chosen === "dark" ? chosen : system;
  document.documentElement.dataset["theme"] = theme;
  return theme;
}

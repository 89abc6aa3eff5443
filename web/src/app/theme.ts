// Light or dark: as the system says, until the reader chooses.
import { signal } from "@preact/signals";

export type Theme = "light" | "dark";

const KEY = "cairn-theme";
const system = matchMedia("(prefers-color-scheme: dark)");

function wanted(): Theme {
  const chosen = localStorage.getItem(KEY);
  if (chosen === "light" || chosen === "dark") return chosen;
  return system.matches ? "dark" : "light";
}

export const theme = signal<Theme>(wanted());

function apply(): void {
  theme.value = wanted();
  document.documentElement.dataset["theme"] = theme.value;
}

export function startTheme(): void {
  apply();
  system.addEventListener("change", apply);
}

export function toggleTheme(): void {
  localStorage.setItem(KEY, theme.value === "dark" ? "light" : "dark");
  apply();
}

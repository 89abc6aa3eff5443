// Light or dark: as the system says, until the reader chooses.
import { signal } from "@preact/signals";
import { applyTheme, chooseTheme, systemTheme, type Theme } from "./theme_choice.ts";

export const theme = signal<Theme>(applyTheme());

export function startTheme(): void {
  systemTheme.addEventListener("change", () => (theme.value = applyTheme()));
}

export function toggleTheme(): void {
  chooseTheme(theme.value === "dark" ? "light" : "dark");
  theme.value = applyTheme();
}

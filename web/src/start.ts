// The first script of every page, alone in its file. It is small, so that the head line that stands in
// index.html is on the screen before the scripts of the page are run; what the page will ask first is
// asked meanwhile.
import { askEarly } from "./api/early.ts";
import { applyTheme } from "./app/theme_choice.ts";
import { pathOfMlflowLink } from "./text/mlflow_links.ts";

declare const MAIN: string; // the path of main.tsx, set by the build

function start(): void {
  void import(MAIN);
}

const linked = pathOfMlflowLink(location.hash);
if (linked !== undefined) history.replaceState(null, "", linked);
applyTheme();
askEarly().catch(() => undefined); // the page asks again, and tells
// A tab behind others draws nothing, and waits for nothing.
if (document.hidden) start();
else requestAnimationFrame(() => setTimeout(start));

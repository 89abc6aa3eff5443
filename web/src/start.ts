// The first script of every page, alone in its file. It is small, so that the head line that stands in
// index.html is on the screen before the scripts of the page are run; what the page will ask first is
// asked meanwhile.
import { askEarly } from "./api/early.ts";
import { applyTheme } from "./app/theme_choice.ts";
import { pathOfMlflowLink } from "./text/mlflow_links.ts";

/** Not every browser tells of its paints; none takes so long. */
const MOST_PAINT_MILLIS = 150;

declare const MAIN: string; // the path of main.tsx, set by the build
declare const PRELOADS: string[]; // those of all files that it needs at once

function start(): void {
  void import(MAIN);
}

/** The cores that run the scripts are those that paint: the head line is on the screen first. */
function afterFirstPaint(work: () => void): void {
  new PerformanceObserver((_, observer) => {
    observer.disconnect();
    work();
  }).observe({ type: "paint", buffered: true });
  setTimeout(work, MOST_PAINT_MILLIS); // a module is run once, however often it is asked for
}

const linked = pathOfMlflowLink(location.hash);
if (linked !== undefined) history.replaceState(null, "", linked);
applyTheme();
for (const href of PRELOADS) {
  document.head.append(
    Object.assign(document.createElement("link"), { rel: "modulepreload", href }),
  );
}
askEarly().catch(() => undefined); // the page asks again, and tells
// A tab behind others paints nothing, and waits for nothing.
if (document.hidden) start();
else afterFirstPaint(start);

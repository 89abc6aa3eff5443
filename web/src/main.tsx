import { render } from "preact";
import { watchServer } from "./api/live.ts";
import { followLinks } from "./app/address.ts";
import { startKeys } from "./app/keys.ts";
import { announcePages, Shell } from "./app/shell.tsx";
import { startTheme } from "./app/theme.ts";
import { fetchTheRest, whenOpened } from "./parts/later.tsx";
import { startClock } from "./parts/clock.ts";
import "uplot/dist/uPlot.min.css";
import "./style/tokens.css";
import "./style/base.css";
import "./style/shell.css";
import "./style/parts.css";
import "./style/charts.css";
import "./style/runs.css";
import "./style/channel.css";

/** A watch is a worker of its own, whose scripts would be read while the page's first rows are made. */
const WATCH_AFTER_MILLIS = 500;

startTheme();
startClock();
startKeys();
followLinks();
announcePages();
const root = document.getElementById("app");
// Until here the page showed the head line that stands in index.html.
root?.replaceChildren();
if (root !== null) render(<Shell />, root);
whenOpened(watchServer, WATCH_AFTER_MILLIS);
fetchTheRest();

// What stands around every page: where to go, how the stream is, and the dialogs of all pages.
import { effect, signal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { signInNeeded, token } from "../api/calls.ts";
import { live } from "../api/live.ts";
import { ago } from "../text/times.ts";
import { now } from "../parts/clock.ts";
import { path } from "./address.ts";
import { activeKeys, addKeys } from "./keys.ts";
import { openPalette, Palette } from "./palette.tsx";
import { CurrentPage } from "./routes.tsx";
import { said } from "./said.ts";
import { SignedIn, SignIn } from "./sign_in.tsx";
import { theme, toggleTheme } from "./theme.ts";

const PLACES: [href: string, label: string][] = [
  ["/", "Now"],
  ["/experiments", "Runs"],
  ["/models", "Models"],
  ["/datasets", "Data"],
  ["/activity", "Activity"],
];

const showsKeys = signal(false);

function isHere(href: string): boolean {
  return href === "/" ? path.value === "/" : path.value.startsWith(href);
}

const SOON_MILLIS = 2_000;

function LiveBadge() {
  const { state, revision, since } = live.value;
  const words = {
    // That is what every page begins with, and nobody need read it unless it takes long.
    connecting: now.value - since > SOON_MILLIS ? "connecting…" : "",
    live: `live, revision ${revision}`,
    broken: `connection lost ${ago(since, now.value)}`,
    refused: token.value === "" ? "not signed in" : "may not watch",
  };
  return (
    <span class="live" data-state={state} role="status" title={`last revision ${revision}`}>
      {words[state]}
    </span>
  );
}

function KeySheet() {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    if (showsKeys.value) dialog.current?.showModal();
    else dialog.current?.close();
  }, [showsKeys.value]);
  return (
    <dialog ref={dialog} aria-label="Keys" onClose={() => (showsKeys.value = false)}>
      <div class="dialog-body stack">
        <h2>Keys</h2>
        <dl class="pairs">
          {activeKeys().map(({ keys, does }) => [
            <dt key={keys}>
              <kbd>{keys}</kbd>
            </dt>,
            <dd key={`${keys}.does`}>{does}</dd>,
          ])}
        </dl>
      </div>
    </dialog>
  );
}

export function Shell() {
  useEffect(
    () =>
      addKeys([
        { keys: "?", does: "show the keys", run: () => (showsKeys.value = true) },
        { keys: "Ctrl k", does: "find anything by its name", run: openPalette },
        { keys: "t", does: "light or dark", run: toggleTheme },
      ]),
    [],
  );
  return (
    <>
      <header class="top">
        <a class="brand" href="/">
          Cairn
        </a>
        <nav aria-label="Pages">
          {PLACES.map(([href, label]) => (
            <a key={href} href={href} {...(isHere(href) ? { "aria-current": "page" } : {})}>
              {label}
            </a>
          ))}
        </nav>
        <div class="right">
          <LiveBadge />
          <button type="button" class="button" onClick={openPalette} title="Ctrl K">
            Find
          </button>
          <button
            type="button"
            class="button"
            onClick={toggleTheme}
            aria-label={theme.value === "dark" ? "Use the light theme" : "Use the dark theme"}
          >
            {theme.value === "dark" ? "☀" : "☾"}
          </button>
          <SignedIn />
        </div>
      </header>
      {signInNeeded.value ? <SignIn /> : <CurrentPage />}
      <Palette />
      <KeySheet />
      <div class={said.value === "" ? "heard" : "said"} role="status">
        {said.value}
      </div>
    </>
  );
}

/** Focus goes to the top of a page that was just opened, for those who listen. */
export function announcePages(): void {
  let first = true;
  effect(() => {
    const opened = path.value;
    if (!first) {
      const heading = () => {
        const title = document.querySelector<HTMLElement>("h1");
        if (title === null || opened !== path.peek()) return;
        title.tabIndex = -1;
        title.focus({ preventScroll: true });
      };
      requestAnimationFrame(heading);
    }
    first = false;
  });
}

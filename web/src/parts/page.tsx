// The frame of a page: where it stands, what it is called, and the ways to take it elsewhere.
import type { ComponentChildren } from "preact";
import { useEffect } from "preact/hooks";
import { asOf, showAsOf } from "../app/as_of.ts";
import { live } from "../api/live.ts";
import { say } from "../app/said.ts";
import { pageOf } from "../text/names.ts";
import { Past, type SinceOf } from "./past.tsx";

export interface PageProps {
  title: string;
  crumbs?: { label: string; name: string }[];
  /** The command that prints the same; copied by a button. */
  mlctl?: string;
  /** What "copy as JSON" copies; bigints become decimal strings. */
  json?: unknown;
  /** Whether the page shows what was at the revision of the address. */
  travels?: boolean;
  /** Where it does not: what the page is about, so that it tells what happened to that since. */
  since?: SinceOf;
  actions?: ComponentChildren;
  children: ComponentChildren;
}

function toJson(value: unknown): string {
  const plain = (key: string, part: unknown) => {
    if (key === "$typeName" || key === "$unknown") return undefined;
    return typeof part === "bigint" ? part.toString() : part;
  };
  return JSON.stringify(value, plain, 2);
}

async function copy(text: string, what: string): Promise<void> {
  await navigator.clipboard.writeText(text);
  say(`${what} copied`);
}

async function copyLink(): Promise<void> {
  const { linkToHere } = await import("../api/short_links.ts");
  const { link, why } = await linkToHere();
  await copy(link, why === undefined ? "Link" : `Long link (${why})`);
}

/** A button that copies; what it copies is told on hover and focus. */
export function CopyButton({ label, what, text }: { label: string; what: string; text: string }) {
  return (
    <button type="button" class="button" title={text} onClick={() => copy(text, what)}>
      {label}
    </button>
  );
}

export function Page(props: PageProps) {
  const { title, crumbs = [], mlctl, json, travels = false, since = [], actions, children } = props;
  useEffect(() => {
    document.title = `${title} · Cairn`;
  }, [title]);
  // The head line says since when; what changed meanwhile nobody here can know.
  const away = live.value.state === "broken";
  return (
    <main class={away ? "stale" : undefined}>
      <div class="page-head">
        <div class="place">
          {crumbs.length > 0 && (
            <nav class="crumbs" aria-label="Where this is">
              {crumbs.map(({ label, name }) => (
                <span key={name}>
                  <a href={pageOf(name)}>{label}</a> ›
                </span>
              ))}
            </nav>
          )}
          <h1>{title}</h1>
        </div>
        <div class="row">
          {actions}
          {mlctl !== undefined && <CopyButton label="mlctl" what="Command" text={mlctl} />}
          {json !== undefined && (
            <button type="button" class="button" onClick={() => copy(toJson(json), "JSON")}>
              JSON
            </button>
          )}
          <button type="button" class="button" onClick={copyLink}>
            Link
          </button>
          {(travels || since.length > 0) && asOf.value === 0n && (
            <button
              type="button"
              class="button"
              title={
                travels
                  ? "goes to this page as it is at the newest revision, whatever comes later"
                  : "goes to this page with the newest revision: it will tell what changed since"
              }
              disabled={live.value.revision === "0"}
              onClick={() => showAsOf(live.value.revision)}
            >
              Freeze
            </button>
          )}
        </div>
      </div>
      <Past travels={travels} since={since} />
      {children}
    </main>
  );
}

export function Panel({ title, children }: { title: string; children: ComponentChildren }) {
  return (
    <section class="panel" aria-label={title}>
      <h2>{title}</h2>
      {children}
    </section>
  );
}

/** Pairs of name and value; those without a value are left out. */
export function Pairs({ rows }: { rows: [string, ComponentChildren][] }) {
  return (
    <dl class="pairs">
      {rows
        .filter(
          ([, value]) => value !== undefined && value !== "" && value !== null && value !== false,
        )
        .map(([name, value]) => [
          <dt key={name}>{name}</dt>,
          <dd key={`${name}.value`}>{value}</dd>,
        ])}
    </dl>
  );
}

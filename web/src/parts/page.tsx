// The frame of a page: where it stands, what it is called, and the ways to take it elsewhere.
import type { ComponentChildren } from "preact";
import { useEffect } from "preact/hooks";
import { say } from "../app/said.ts";
import { pageOf } from "../text/names.ts";

export interface PageProps {
  title: string;
  crumbs?: { label: string; name: string }[];
  /** The command that prints the same; copied by a button. */
  mlctl?: string;
  /** What "copy as JSON" copies; bigints become decimal strings. */
  json?: unknown;
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

/** A button that copies; what it copies is told on hover and focus. */
export function CopyButton({ label, what, text }: { label: string; what: string; text: string }) {
  return (
    <button type="button" class="button" title={text} onClick={() => copy(text, what)}>
      {label}
    </button>
  );
}

export function Page({ title, crumbs = [], mlctl, json, actions, children }: PageProps) {
  useEffect(() => {
    document.title = `${title} · Cairn`;
  }, [title]);
  return (
    <main>
      {crumbs.length > 0 && (
        <nav class="crumbs" aria-label="Where this is">
          {crumbs.map(({ label, name }) => (
            <span key={name}>
              <a href={pageOf(name)}>{label}</a> ›
            </span>
          ))}
        </nav>
      )}
      <div class="page-head">
        <h1>{title}</h1>
        <div class="row">
          {actions}
          {mlctl !== undefined && <CopyButton label="mlctl" what="Command" text={mlctl} />}
          {json !== undefined && (
            <button type="button" class="button" onClick={() => copy(toJson(json), "JSON")}>
              JSON
            </button>
          )}
          <button type="button" class="button" onClick={() => copy(location.href, "Link")}>
            Link
          </button>
        </div>
      </div>
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

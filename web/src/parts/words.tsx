// Small pieces of text that carry more than their letters.
import { Fragment, type ComponentChildren } from "preact";
import { nearestPage, pageOf, spoken } from "../text/names.ts";
import { exact, measured } from "../text/numbers.ts";
import { absolute, ago, millis, type Moment } from "../text/times.ts";
import { now } from "./clock.ts";

/** A long name, which may break where its parts end; its letters stay those that they are. */
export function Breakable({ text }: { text: string }) {
  const parts = text.split(/(?<=[_,./#:])(?=.)/);
  return (
    <>
      {parts.map((part, at) => (
        <Fragment key={at}>
          {at > 0 && <wbr />}
          {part}
        </Fragment>
      ))}
    </>
  );
}

/** A resource as people say it, linked to its page; its whole name on hover and focus. */
export function Name({ name, children }: { name: string; children?: ComponentChildren }) {
  if (name === "") return <span class="quiet">none</span>;
  const page = nearestPage(name);
  const said = children ?? spoken(name);
  const shown = typeof said === "string" ? <Breakable text={said} /> : said;
  if (page === undefined) return <span title={name}>{shown}</span>;
  return (
    <a href={pageOf(page)} title={name} class="name">
      {shown}
    </a>
  );
}

/** A moment, relative; the absolute time on hover and focus. */
export function When({ at }: { at: Moment | undefined }) {
  const time = millis(at);
  if (time === undefined) return <span class="quiet">–</span>;
  const clock = Math.max(now.value, Math.min(time, Date.now())); // `now` may be a few seconds behind
  return (
    <time dateTime={new Date(time).toISOString()} title={absolute(time)} class="nowrap">
      {ago(time, clock)}
    </time>
  );
}

/** A measured value to four digits; all of them on hover and focus. */
export function Value({ value, digits }: { value: number | undefined; digits?: number }) {
  if (value === undefined) return <span class="quiet">–</span>;
  return <span title={exact(value)}>{measured(value, digits)}</span>;
}

export type Tone = "pass" | "fail" | "warn" | "none";

const SHAPES: Record<Tone, string> = { pass: "✓", fail: "✗", warn: "!", none: "·" };

/** A verdict: its colour, its shape and its word. */
export function Verdict({ tone, word }: { tone: Tone; word: string }) {
  return (
    <span class="verdict" data-tone={tone}>
      <span aria-hidden="true">{SHAPES[tone]}</span>
      {word}
    </span>
  );
}

// What stands where data is not there: not yet, not any more, never, or refused.
import type { ComponentChildren } from "preact";
import type { Failure } from "../api/calls.ts";
import type { Query } from "../api/queries.ts";
import { ago } from "../text/times.ts";

/** Rows of the size of those to come; they show only when waiting takes longer than a blink. */
export function Waiting({ rows = 3 }: { rows?: number }) {
  return (
    <div role="status" aria-label="loading">
      {Array.from({ length: rows }, (_, index) => (
        <div key={index} class="skeleton" />
      ))}
    </div>
  );
}

/** Nothing is there: says what would be, and the command that fills it. */
export function Empty({ what, command }: { what: string; command?: string }) {
  return (
    <div class="notice">
      {what}
      {command !== undefined && <pre>{command}</pre>}
    </div>
  );
}

export function Failed({ failure, retry }: { failure: Failure; retry?: () => void }) {
  return (
    <div class="notice failed" role="alert">
      <div class="row">
        <span>{failure.message}</span>
        {failure.reason !== "" && <code>{failure.reason}</code>}
        {retry !== undefined && (
          <button type="button" class="button" onClick={retry}>
            Try again
          </button>
        )}
      </div>
    </div>
  );
}

/**
 * Shows what a query has: a wait, an error, or its data. Data that could not be read anew stays,
 * greyed, with its age.
 */
export function Loaded<Data>({
  query,
  rows,
  children,
}: {
  query: Query<Data> & { reload: () => void };
  rows?: number;
  children: (data: Data) => ComponentChildren;
}) {
  const { data, failure, readAt, reload } = query;
  if (data === undefined) {
    if (failure !== undefined) return <Failed failure={failure} retry={reload} />;
    return <Waiting {...(rows === undefined ? {} : { rows })} />;
  }
  if (failure === undefined) return <>{children(data)}</>;
  return (
    <>
      <div class="notice warned" role="status">
        {failure.message} What is shown was read {ago(readAt, Date.now())}.
      </div>
      <div class="stale">{children(data)}</div>
    </>
  );
}

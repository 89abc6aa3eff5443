// The field that filters runs. What the server could not read is marked where it stands.
import { useEffect, useRef, useState } from "preact/hooks";
import type { Failure } from "../api/calls.ts";
import { setQuery } from "../app/address.ts";
import { addKeys } from "../app/keys.ts";
import { markedAt } from "../text/byte_position.ts";

/** Whether the failure is about what the reader typed here. */
export function isOfFilter(failure: Failure | undefined): failure is Failure {
  return failure?.reason === "FILTER_INVALID";
}

export function FilterField({ filter, failure }: { filter: string; failure?: Failure }) {
  const [text, setText] = useState(filter);
  const field = useRef<HTMLInputElement>(null);
  useEffect(() => setText(filter), [filter]);
  useEffect(
    () => addKeys([{ keys: "/", does: "filter the runs", run: () => field.current?.focus() }]),
    [],
  );
  const wrong = isOfFilter(failure);
  return (
    <form
      class="row filter"
      onSubmit={(event) => {
        event.preventDefault();
        setQuery({ q: text.trim() });
      }}
    >
      <input
        ref={field}
        class="field mono"
        type="search"
        aria-label="Filter"
        aria-invalid={wrong}
        aria-describedby={wrong ? "filter-problem" : undefined}
        placeholder="metrics.silhouette > 0.24 AND params.k = 3"
        value={text}
        onInput={(event) => setText(event.currentTarget.value)}
      />
      <button type="submit" class="button">
        Filter
      </button>
      {wrong && <Problem filter={filter} failure={failure} />}
    </form>
  );
}

function Problem({ filter, failure }: { filter: string; failure: Failure }) {
  const { position } = failure;
  const { before, at, after } = markedAt(filter, position ?? 0);
  return (
    <div id="filter-problem" class="notice failed filter-problem" role="alert">
      {position !== undefined && (
        <code>
          {before}
          <mark>{at === "" ? "⌶" : at}</mark>
          {after}
        </code>
      )}
      <div>
        <span aria-hidden="true">✗ </span>
        {failure.problem || failure.message}
        {position !== undefined && <span class="quiet"> (byte {position})</span>}
      </div>
    </div>
  );
}

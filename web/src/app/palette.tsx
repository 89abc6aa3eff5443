// Finds experiments, models, channels and data sets by a part of their name.
import { signal } from "@preact/signals";
import { useEffect, useRef, useState } from "preact/hooks";
import { pageOf } from "../text/names.ts";
import { matches } from "../text/matching.ts";
import { go } from "./address.ts";

interface Found {
  label: string;
  kind: string;
  href: string;
}

const MAX_SHOWN = 12;
const open = signal(false);
const everything = signal<Found[]>([]);

const PAGES: Found[] = [
  { label: "Now", kind: "page", href: "/" },
  { label: "Runs", kind: "page", href: "/experiments" },
  { label: "Models", kind: "page", href: "/models" },
  { label: "Data sets", kind: "page", href: "/datasets" },
  { label: "Activity", kind: "page", href: "/activity" },
];

async function readNames(): Promise<void> {
  const { allDatasets, allExperiments, allModels } = await import("../api/lists.ts");
  const [experiments, models, sets] = await Promise.all([
    allExperiments(),
    allModels(),
    allDatasets(),
  ]);
  const named = (kind: string) => (row: { name: string; displayName: string }) => ({
    label: row.displayName,
    kind,
    href: pageOf(row.name),
  });
  everything.value = [
    ...models.rows.map(named("model")),
    ...experiments.rows.map(named("experiment")),
    ...sets.rows.map(named("data set")),
  ];
}

export function openPalette(): void {
  open.value = true;
  // Without names there are still the pages; what is wrong with the server the page itself says.
  readNames().catch(() => undefined);
}

export function Palette() {
  const dialog = useRef<HTMLDialogElement>(null);
  const [text, setText] = useState("");
  const [at, setAt] = useState(0);
  useEffect(() => {
    if (!open.value) return;
    setText("");
    setAt(0);
    dialog.current?.showModal();
  }, [open.value]);
  if (!open.value) return null;
  const shown = [...PAGES, ...everything.value]
    .filter(({ label, kind }) => matches(`${label} ${kind}`, text))
    .slice(0, MAX_SHOWN);
  const close = () => dialog.current?.close();
  const choose = (found: Found | undefined) => {
    if (found === undefined) return;
    close();
    go(found.href);
  };
  const press = (event: KeyboardEvent) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step !== undefined) setAt((at + step + shown.length) % Math.max(shown.length, 1));
    else if (event.key === "Enter") choose(shown[at]);
    else return;
    event.preventDefault();
  };
  return (
    <dialog
      ref={dialog}
      class="palette"
      aria-label="Find"
      onClose={() => (open.value = false)}
      onClick={(event) => event.target === dialog.current && close()}
    >
      <input
        type="text"
        list={undefined}
        role="combobox"
        aria-expanded="true"
        aria-controls="found"
        aria-activedescendant={`found-${at}`}
        aria-label="A part of a name"
        placeholder="A model, an experiment, a data set, a page…"
        value={text}
        onInput={(event) => {
          setText(event.currentTarget.value);
          setAt(0);
        }}
        onKeyDown={press}
      />
      <ul id="found" role="listbox">
        {shown.map((found, index) => (
          <li key={found.href} id={`found-${index}`} role="option" aria-selected={index === at}>
            <a href={found.href} tabIndex={-1} onClick={close}>
              <span>{found.label}</span>
              <span class="quiet">{found.kind}</span>
            </a>
          </li>
        ))}
        {shown.length === 0 && <li class="dialog-body quiet">Nothing is called so.</li>}
      </ul>
    </dialog>
  );
}

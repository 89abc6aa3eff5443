// Views of an experiment: states of its pages under a title, kept on the server.
import { useEffect, useRef, useState } from "preact/hooks";
import { failureOf, type Failure } from "../api/calls.ts";
import { views } from "../api/services/views.ts";
import { useQuery } from "../api/queries.ts";
import { say } from "../app/said.ts";
import { pageOf } from "../text/names.ts";
import { Failed, Loaded } from "./state.tsx";

const MOST_VIEWS = 1000;

/** A button that opens the list of views, with a field that keeps what is shown as one more. */
export function Views({ experiment }: { experiment: string }) {
  const [open, setOpen] = useState(false);
  const box = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (!open) return undefined;
    const away = (event: Event) => {
      if (!box.current?.contains(event.target as Node)) setOpen(false);
    };
    const escape = (event: KeyboardEvent) => event.key === "Escape" && setOpen(false);
    document.addEventListener("pointerdown", away);
    document.addEventListener("keydown", escape);
    return () => {
      document.removeEventListener("pointerdown", away);
      document.removeEventListener("keydown", escape);
    };
  }, [open]);
  return (
    <div ref={box} class="menu-room">
      <button type="button" class="button" aria-expanded={open} onClick={() => setOpen(!open)}>
        Views
      </button>
      {open && <ViewMenu experiment={experiment} close={() => setOpen(false)} />}
    </div>
  );
}

function ViewMenu({ experiment, close }: { experiment: string; close: () => void }) {
  // No event tells of a view: the list is read when it opens, and when one was kept or deleted here.
  const read = () => views.listViews({ parent: experiment, pageSize: MOST_VIEWS });
  const list = useQuery(`views ${experiment}`, read);
  return (
    <div class="menu panel">
      <Loaded query={list} rows={2}>
        {(answer) =>
          answer.views.length === 0 ? (
            <p class="quiet">No view is kept yet.</p>
          ) : (
            <ul>
              {answer.views.map(({ name, title, principal }) => (
                <li key={name} class="row">
                  <a href={pageOf(name)} title={`kept by ${principal}`} onClick={close}>
                    {title}
                  </a>
                  <ForgetButton name={name} title={title} done={list.reload} />
                </li>
              ))}
            </ul>
          )
        }
      </Loaded>
      <KeepForm experiment={experiment} done={list.reload} />
    </div>
  );
}

function ForgetButton({ name, title, done }: { name: string; title: string; done: () => void }) {
  const forget = () => {
    views
      .deleteView({ name, requestId: crypto.randomUUID() })
      .then(done, (error: unknown) => say(failureOf(error).message));
  };
  return (
    <button type="button" class="button" aria-label={`delete the view ${title}`} onClick={forget}>
      ✕
    </button>
  );
}

function KeepForm({ experiment, done }: { experiment: string; done: () => void }) {
  const [title, setTitle] = useState("");
  const [failure, setFailure] = useState<Failure>();
  const keep = (event: Event) => {
    event.preventDefault();
    const address = location.pathname + location.search;
    views
      .createView({ parent: experiment, view: { address, title: title.trim() } })
      .then(() => {
        setTitle("");
        setFailure(undefined);
        say("View kept");
        done();
      })
      .catch((error: unknown) => setFailure(failureOf(error)));
  };
  return (
    <form class="row" onSubmit={keep}>
      <input
        class="field"
        aria-label="Title of the view"
        placeholder="keep what is shown as …"
        value={title}
        onInput={({ currentTarget }) => setTitle(currentTarget.value)}
      />
      <button type="submit" class="button" disabled={title.trim() === ""}>
        Keep
      </button>
      {failure !== undefined && <Failed failure={failure} />}
    </form>
  );
}

// A verb in three steps: what the server would do, what a person says to it, and that it was done.
import { useEffect, useRef, useState } from "preact/hooks";
import type { Decision } from "../../gen/cairn/v1/promotion_pb.ts";
import { failureOf, type Failure } from "../api/calls.ts";
import { ask, changes, lineOf, newRequestId, type Answer } from "../api/verbs.ts";
import { say } from "../app/said.ts";
import { spoken } from "../text/names.ts";
import {
  missing,
  typedName,
  verbCommand,
  VERBS,
  whatMoved,
  type Asked,
  type VerbName,
} from "../text/verbs.ts";
import { Checks } from "./checks.tsx";
import { Waiting } from "./state.tsx";
import { JudgedAs, OutcomeOf } from "./verdicts.tsx";

/** A version that may be chosen, with what is said of it. */
export interface Choice {
  version: string;
  label: string;
}

export interface VerbProps {
  verb: VerbName;
  target: string;
  version?: string; // the one that is asked about; else one of `choices`
  choices?: Choice[];
  onClose: () => void;
}

interface DryRun {
  of: string; // the version, and the key of a tag
  requestId: string;
  answer?: Answer;
  failure?: Failure;
}

/** Asked anew for each version that is chosen, and when a person wants to look again. */
function useDryRun(asked: Asked, attempt: number): DryRun | undefined {
  const [found, setFound] = useState<DryRun>();
  const { version } = asked;
  // Of a tag the key is tried, and whether it goes; not each letter of its value.
  const tag = VERBS[asked.verb].tag === true ? [asked.key.trim(), asked.value === ""] : [];
  const tried = JSON.stringify([version, ...tag]);
  const ready = missing({ ...asked, reason: "-", typed: typedName(asked) }) === "";
  useEffect(() => {
    setFound(undefined);
    if (!ready) return undefined;
    let left = false;
    const show = (result: Partial<DryRun>) => {
      if (!left) setFound({ of: tried, requestId: newRequestId(), ...result });
    };
    ask(asked).then(
      (answer) => show({ answer }),
      (error: unknown) => show({ failure: failureOf(error) }),
    );
    return () => void (left = true);
  }, [tried, attempt]);
  return found?.of === tried ? found : undefined;
}

export function VerbDialog({ verb, target, version = "", choices = [], onClose }: VerbProps) {
  const dialog = useRef<HTMLDialogElement>(null);
  const [asked, setAsked] = useState<Asked>({
    verb,
    target,
    version,
    reason: "",
    typed: "",
    key: "",
    value: "",
  });
  const [attempt, setAttempt] = useState(0);
  const [failure, setFailure] = useState<Failure>();
  const [busy, setBusy] = useState(false);
  const dryRun = useDryRun(asked, attempt);
  useEffect(() => dialog.current?.showModal(), []);
  const epoch = dryRun?.answer?.decision?.epochSeen;
  const change = (part: Partial<Asked>) => {
    setFailure(undefined);
    setAsked({ ...asked, ...part });
  };
  const commit = async () => {
    setBusy(true);
    try {
      const answer = await ask(asked, epoch, dryRun?.requestId ?? newRequestId());
      say(`Done: ${lineOf(answer)}`);
      dialog.current?.close();
    } catch (error) {
      setFailure(failureOf(error));
    }
    setBusy(false);
  };
  const lookAgain = () => {
    setFailure(undefined);
    setAttempt(attempt + 1);
  };
  return (
    <dialog ref={dialog} aria-label={VERBS[verb].title} onClose={onClose}>
      <form
        class="dialog-body stack"
        onSubmit={(event) => {
          event.preventDefault();
          void commit();
        }}
      >
        <h2>
          {VERBS[verb].title}: {spoken(version === "" ? target : version)}
        </h2>
        <Choose asked={asked} choices={choices} onChange={change} />
        <TagFields asked={asked} onChange={change} />
        <WouldDo dryRun={dryRun} asked={asked} />
        <Reason asked={asked} onChange={change} />
        {failure !== undefined && <Refused failure={failure} onLookAgain={lookAgain} />}
        <Ends
          asked={asked}
          dryRun={dryRun}
          busy={busy}
          epoch={epoch}
          onClose={() => dialog.current?.close()}
        />
      </form>
    </dialog>
  );
}

interface FieldProps {
  asked: Asked;
  onChange: (part: Partial<Asked>) => void;
}

function Choose({ asked, choices, onChange }: FieldProps & { choices: Choice[] }) {
  if (!VERBS[asked.verb].version || choices.length === 0) return null;
  return (
    <label class="row">
      Version
      <select
        class="field"
        value={asked.version}
        onChange={(event) => onChange({ version: event.currentTarget.value, typed: "" })}
      >
        {choices.map(({ version, label }) => (
          <option key={version} value={version}>
            {label}
          </option>
        ))}
      </select>
    </label>
  );
}

function TagFields({ asked, onChange }: FieldProps) {
  if (VERBS[asked.verb].tag !== true) return null;
  return (
    <div class="row">
      <label class="row">
        Key
        <input
          class="field mono"
          autocomplete="off"
          value={asked.key}
          onInput={(event) => onChange({ key: event.currentTarget.value })}
        />
      </label>
      <label class="row">
        Value (empty: take it away)
        <input
          class="field mono"
          autocomplete="off"
          value={asked.value}
          onInput={(event) => onChange({ value: event.currentTarget.value })}
        />
      </label>
    </div>
  );
}

function Reason({ asked, onChange }: FieldProps) {
  const { reason, typed } = VERBS[asked.verb];
  return (
    <>
      {reason && (
        <label class="stack-tight">
          Why (kept with the decision for ever)
          <textarea
            class="field"
            rows={2}
            value={asked.reason}
            onInput={(event) => onChange({ reason: event.currentTarget.value })}
          />
        </label>
      )}
      {typed && (asked.version !== "" || !VERBS[asked.verb].version) && (
        <label class="stack-tight">
          <span>
            To go on, <code>{typedName(asked)}</code>
          </span>
          <input
            class="field mono"
            autocomplete="off"
            value={asked.typed}
            onInput={(event) => onChange({ typed: event.currentTarget.value })}
          />
        </label>
      )}
    </>
  );
}

/** The answer of the dry run. */
function WouldDo({ dryRun, asked }: { dryRun: DryRun | undefined; asked: Asked }) {
  if (dryRun === undefined) {
    if (VERBS[asked.verb].tag === true && asked.key.trim() === "") return null;
    const chosen = !VERBS[asked.verb].version || asked.version !== "" || asked.verb === "rollback";
    return chosen ? (
      <Waiting rows={2} />
    ) : (
      <p class="quiet">Choose a version to see what would happen.</p>
    );
  }
  const { answer, failure } = dryRun;
  if (failure !== undefined) return <Refused failure={failure} />;
  if (answer?.decision !== undefined) return <WouldDecide decision={answer.decision} />;
  return answer === undefined ? null : <p>The server takes it: {lineOf(answer)}.</p>;
}

const CANDIDATES_SHOWN = 10;

function WouldDecide({ decision }: { decision: Decision }) {
  const { candidates, epoch, epochSeen } = decision;
  const [only] = candidates.length === 1 ? candidates : [];
  return (
    <section class="stack-tight" aria-label="What the server would decide">
      <p>
        <OutcomeOf outcome={decision.outcome} /> {decision.message}
      </p>
      <p class="quiet">
        {epoch === epochSeen ? `epoch ${epoch} stays` : `epoch ${epochSeen} → ${epoch}`}. This is a
        dry run: nothing is done yet.
      </p>
      {only !== undefined && <Checks candidate={only} decision={undefined} />}
      {only === undefined && candidates.length > 0 && (
        <ul>
          {candidates.slice(0, CANDIDATES_SHOWN).map(({ version, verdict, message }) => (
            <li key={version}>
              <JudgedAs verdict={verdict} /> {spoken(version)} <span class="quiet">{message}</span>
            </li>
          ))}
          {candidates.length > CANDIDATES_SHOWN && (
            <li class="quiet">{candidates.length - CANDIDATES_SHOWN} more candidates</li>
          )}
        </ul>
      )}
    </section>
  );
}

function Refused({ failure, onLookAgain }: { failure: Failure; onLookAgain?: () => void }) {
  const box = useRef<HTMLDivElement>(null);
  useEffect(() => box.current?.scrollIntoView({ block: "nearest" }), [failure]);
  const moved = whatMoved(failure.metadata);
  return (
    <div class="notice failed stack-tight" role="alert" ref={box}>
      <span>
        {failure.message} {failure.reason !== "" && <code>{failure.reason}</code>}
      </span>
      {moved !== "" && <span>{moved}</span>}
      {onLookAgain !== undefined && (
        <span>
          <button type="button" class="button" onClick={onLookAgain}>
            Look again
          </button>
        </span>
      )}
    </div>
  );
}

function Ends({
  asked,
  dryRun,
  busy,
  epoch,
  onClose,
}: {
  asked: Asked;
  dryRun: DryRun | undefined;
  busy: boolean;
  epoch: bigint | undefined;
  onClose: () => void;
}) {
  const lacks = missing(asked);
  const { answer } = dryRun ?? {};
  const moves = answer === undefined || changes(answer);
  return (
    <>
      <div class="row">
        <button
          type="submit"
          class="button acts"
          disabled={lacks !== "" || answer === undefined || busy}
        >
          {moves ? VERBS[asked.verb].label : "Store this decision, which moves nothing"}
        </button>
        <button type="button" class="button" onClick={onClose}>
          Cancel
        </button>
        <span class="quiet" role="status">
          {lacks}
        </span>
      </div>
      <p class="quiet">
        The same: <code>{verbCommand(asked, epoch)}</code>
      </p>
    </>
  );
}

// Whether a decision comes out the same when the server makes it again.
import { useState } from "preact/hooks";
import {
  ReplayDecisionResponse_Replay as Replayed,
  type ReplayDecisionResponse,
} from "../../gen/cairn/v1/promotion_pb.ts";
import { failureOf, type Failure } from "../api/calls.ts";
import { promotion } from "../api/services/promotion.ts";
import { replayCommand } from "../text/commands.ts";
import { CopyButton } from "./page.tsx";
import { Failed } from "./state.tsx";
import { Verdict } from "./words.tsx";

interface Attempt {
  busy: boolean;
  answer?: ReplayDecisionResponse;
  failure?: Failure;
}

/** Nothing is made again before a person asks: it takes the server's time. */
export function Replay({ name }: { name: string }) {
  const [{ busy, answer, failure }, setAttempt] = useState<Attempt>({ busy: false });
  const replay = async () => {
    setAttempt({ busy: true });
    try {
      setAttempt({ busy: false, answer: await promotion.replayDecision({ name }) });
    } catch (error) {
      setAttempt({ busy: false, failure: failureOf(error) });
    }
  };
  return (
    <section class="replay stack-tight" aria-label="Replay">
      <div class="row">
        <button
          type="button"
          class="button"
          title="makes the decision again from the policy and the values that it read, and compares; changes nothing"
          aria-disabled={busy}
          onClick={() => !busy && void replay()}
        >
          Replay
        </button>
        <CopyButton label="mlctl replay" what="Command" text={replayCommand(name)} />
        <span role="status">
          {busy && <span class="quiet">making it again…</span>}
          {answer !== undefined && <Answer answer={answer} />}
        </span>
      </div>
      {failure !== undefined && <Failed failure={failure} retry={() => void replay()} />}
    </section>
  );
}

/** In the server's words; only what was compared byte for byte has the tick. */
function Answer({ answer: { replay, message, sha256 } }: { answer: ReplayDecisionResponse }) {
  if (replay !== Replayed.IDENTICAL) return <span class="quiet">{message}</span>;
  return (
    <span class="row">
      <Verdict tone="pass" word="identical" />
      <span class="quiet">{message}</span>
      {sha256 !== "" && (
        <span class="row">
          <span class="quiet">SHA-256</span>
          <CopyButton label={sha256.slice(0, 12)} what="Digest" text={sha256} />
        </span>
      )}
    </span>
  );
}

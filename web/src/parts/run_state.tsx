import { Run_State } from "../../gen/cairn/v1/tracking_pb.ts";
import { Verdict, type Tone } from "./words.tsx";

const TONES: Partial<Record<Run_State, Tone>> = {
  [Run_State.SUCCEEDED]: "pass",
  [Run_State.FAILED]: "fail",
  [Run_State.KILLED]: "fail",
};

export function RunState({ state }: { state: Run_State }) {
  return <Verdict tone={TONES[state] ?? "none"} word={Run_State[state].toLowerCase()} />;
}

// The history of a channel: who decided what and when, what was served, and who follows it.
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import { useEffect, useRef, useState } from "preact/hooks";
import type { Decision } from "../../gen/cairn/v1/promotion_pb.ts";
import type { Channel, Consumer } from "../../gen/cairn/v1/registry_pb.ts";
import { failureOf } from "../api/calls.ts";
import { registry } from "../api/services/registry.ts";
import { useConsumers, useDecisions, useEpochs } from "../api/channels.ts";
import { query, setQuery } from "../app/address.ts";
import { lastOf } from "../text/names.ts";
import { count } from "../text/numbers.ts";
import { askedFor, ranksOf, spanOf, toTime, type Epoch } from "../text/timeline.ts";
import { absolute, duration, millis } from "../text/times.ts";
import { now } from "./clock.ts";
import { Empty, Loaded } from "./state.tsx";
import { knownSpan, LABELS, stateOf, TimelinePicture, type Mark } from "./timeline_picture.tsx";
import { useWidth } from "./room.ts";
import { Name } from "./words.tsx";

const ZOOMS: [asked: string, label: string][] = [
  ["hour", "last hour"],
  ["day", "last day"],
  ["week", "last week"],
  ["", "all"],
];
const LANES_SHOWN = 20;

export function Timeline({ channel }: { channel: string }) {
  const epochs = useEpochs(channel);
  const decisions = useDecisions(channel);
  const consumers = useConsumers(channel);
  return (
    <Loaded query={epochs} rows={4}>
      {({ rows, whole }) =>
        rows.length === 0 ? (
          <Empty what="This channel has served nothing yet." />
        ) : (
          <History
            channel={channel}
            epochs={rows}
            whole={whole && decisions.data?.whole !== false}
            decisions={decisions.data?.rows ?? []}
            consumers={consumers.data?.rows ?? []}
          />
        )
      }
    </Loaded>
  );
}

interface HistoryProps {
  channel: string;
  epochs: Epoch[];
  whole: boolean;
  decisions: Decision[];
  consumers: Consumer[];
}

function marksOf(decisions: Decision[]): Mark[] {
  return decisions.map((decision) => ({ time: millis(decision.decideTime) ?? 0, decision }));
}

function History({ channel, epochs, whole, decisions, consumers }: HistoryProps) {
  const box = useRef<HTMLDivElement>(null);
  const width = useWidth(box);
  const [moment, setMoment] = useState<number>();
  const [asTable, setAsTable] = useState(false);
  const marks = marksOf(decisions);
  const times = [...epochs.map(({ from }) => from), ...marks.map(({ time }) => time)];
  const span = spanOf(query.value.get("span") ?? "", times, now.value);
  const axis = Math.max(width - LABELS, 100);
  const seen = marks.filter(({ time }) => time >= span.from && time <= span.to).length;
  const lanes = consumers.slice(0, LANES_SHOWN);
  return (
    <figure class="chart timeline">
      <Zooms asTable={asTable} onTable={() => setAsTable(!asTable)} />
      <div ref={box}>
        {width > 0 && (
          <TimelinePicture
            epochs={epochs}
            ranks={ranksOf(epochs)}
            marks={marks}
            consumers={lanes}
            span={span}
            width={axis}
            moment={moment}
            onMoment={(pixel) => setMoment(toTime(pixel, span, axis))}
            onZoom={(chosen) => setQuery({ span: askedFor(chosen) })}
          />
        )}
        <input
          type="range"
          class="moments"
          aria-label="Moment"
          aria-valuetext={absolute(moment ?? span.to)}
          style={{ marginLeft: `${LABELS}px`, width: `${axis}px` }}
          min={span.from}
          max={span.to}
          step={(span.to - span.from) / 200}
          value={moment ?? span.to}
          onFocus={() => setMoment(moment ?? span.to)}
          onInput={(event) => setMoment(event.currentTarget.valueAsNumber)}
        />
      </div>
      <MomentLine channel={channel} moment={moment} consumers={consumers} />
      <figcaption>
        {count(epochs.length)} epochs, {count(seen)} of {count(marks.length)} decisions in view
        {whole ? "" : ", older ones left out"}; those that would cover one another are one mark with
        their number. Of a consumer the server keeps the last report, so its lane begins when what
        it serves last changed.
        {consumers.length > lanes.length &&
          ` ${consumers.length - lanes.length} consumers have no lane.`}
      </figcaption>
      {asTable && <EpochTable epochs={epochs} />}
    </figure>
  );
}

function Zooms({ asTable, onTable }: { asTable: boolean; onTable: () => void }) {
  const asked = query.value.get("span") ?? "";
  return (
    <div class="row" role="group" aria-label="Time shown">
      {ZOOMS.map(([span, label]) => (
        <button
          key={label}
          type="button"
          class="button"
          aria-pressed={asked === span}
          onClick={() => setQuery({ span })}
        >
          {label}
        </button>
      ))}
      <button type="button" class="button" aria-expanded={asTable} onClick={onTable}>
        as a table
      </button>
    </div>
  );
}

const REST_MILLIS = 120;

/** What the server says that was served at a moment, asked when the pointer rests there. */
function useMoment(channel: string, moment: number | undefined) {
  const [answer, setAnswer] = useState<{ at: number; then?: Channel; failed?: string }>();
  useEffect(() => {
    if (moment === undefined) return undefined;
    let left = false;
    const timer = setTimeout(async () => {
      const asOfTime = timestampFromMs(Math.floor(moment));
      try {
        const then = await registry.getChannel({ name: channel, asOfTime });
        if (!left) setAnswer({ at: moment, then });
      } catch (error) {
        if (!left) setAnswer({ at: moment, failed: failureOf(error).message });
      }
    }, REST_MILLIS);
    return () => {
      left = true;
      clearTimeout(timer);
    };
  }, [channel, moment]);
  return answer?.at === moment ? answer : undefined;
}

function MomentLine({
  channel,
  moment,
  consumers,
}: {
  channel: string;
  moment: number | undefined;
  consumers: Consumer[];
}) {
  const answer = useMoment(channel, moment);
  if (moment === undefined) {
    return (
      <p class="moment-line quiet">Point at a moment, or move the slider: who served what then.</p>
    );
  }
  const there = consumers.filter((consumer) => {
    const { from, to } = knownSpan(consumer, now.value);
    return from <= moment && moment <= to;
  });
  return (
    <p class="moment-line" role="status">
      <b>{absolute(moment)}</b>: <Served answer={answer} />
      {there.length > 0 && " · known to follow: "}
      {there.map((one) => `${decodeURIComponent(lastOf(one.name))} (${stateOf(one)})`).join(", ")}
    </p>
  );
}

function Served({ answer }: { answer: { then?: Channel; failed?: string } | undefined }) {
  if (answer === undefined) return <span class="quiet">…</span>;
  if (answer.then === undefined) return <>{answer.failed}</>;
  const { version, epoch, decision, holds } = answer.then;
  return (
    <>
      {version === "" ? "nothing" : <Name name={version} />} in epoch {count(epoch)}
      {decision !== "" && (
        <>
          {", by "}
          <Name name={decision} />
        </>
      )}
      {holds.length > 0 &&
        `, held back: ${holds.map((hold) => `@${lastOf(hold.version)}`).join(", ")}`}
    </>
  );
}

function EpochTable({ epochs }: { epochs: Epoch[] }) {
  return (
    <div class="scroll-x">
      <table class="full">
        <thead>
          <tr>
            <th class="number">epoch</th>
            <th>version</th>
            <th>from</th>
            <th>to</th>
            <th class="number">for</th>
            <th>decision</th>
          </tr>
        </thead>
        <tbody>
          {epochs.map(({ epoch, version, from, to, decision }) => (
            <tr key={epoch}>
              <td class="number">{epoch}</td>
              <td>
                <Name name={version} />
              </td>
              <td class="nowrap">{absolute(from)}</td>
              <td class="nowrap">{to === undefined ? "now" : absolute(to)}</td>
              <td class="number">{duration((to ?? now.value) - from)}</td>
              <td>
                <Name name={decision} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

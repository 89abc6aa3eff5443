// The picture of a channel's history: decisions, epochs, and a lane for each consumer.
import type { Decision } from "../../gen/cairn/v1/promotion_pb.ts";
import { Decision_Outcome as Outcome } from "../../gen/cairn/v1/promotion_pb.ts";
import type { Consumer } from "../../gen/cairn/v1/registry_pb.ts";
import { Consumer_State } from "../../gen/cairn/v1/registry_pb.ts";
import { go } from "../app/address.ts";
import { lastOf, pageOf, shortened, spoken } from "../text/names.ts";
import {
  bandsOf,
  groupsOf,
  ticksOf,
  toPixel,
  type Band,
  type Epoch,
  type Span,
} from "../text/timeline.ts";
import { seriesStyle } from "../text/series.ts";
import { absolute, millis } from "../text/times.ts";
import { saidOf } from "./verdicts.tsx";

export const LABELS = 112; // pixels left of the axis
const AXIS = 20;
const MARKS = 24;
const BANDS = 36;
const LANE = 36;

/** Shapes around 0,0; the gravest outcome comes first: it stands for a group of marks. */
const SHAPES: [Outcome, string][] = [
  [Outcome.OVERRIDDEN, "M0-6 6 0 0 6-6 0Z"],
  [Outcome.ROLLED_BACK, "M-6 0 4-6V6Z"],
  [Outcome.PROMOTED, "M0-6 6 5H-6Z"],
  [Outcome.REFUSED, "M-5-3-3-5 0-2 3-5 5-3 2 0 5 3 3 5 0 2-3 5-5 3-2 0Z"],
  [Outcome.HELD, "M-5-5H5V5H-5Z"],
  [Outcome.RELEASED, "M-5-5H5V5H-5ZM-3-3V3H3V-3Z"],
  [Outcome.NOT_ENFORCED, "M0-6 6 5H-6ZM0-2-2.5 3H2.5Z"],
  [Outcome.NO_CHANGE, "M-3-1H3V1H-3Z"],
];

export interface Mark {
  time: number;
  decision: Decision;
}

function sentence({ time, decision }: Mark): string {
  return `${absolute(time)}: ${saidOf(decision.outcome)[1]}. ${decision.message}`;
}

function colourOf(version: string, ranks: Map<string, number>): string {
  const rank = ranks.get(version);
  return rank === undefined ? "var(--line)" : seriesStyle(rank).colour;
}

/** One mark leads to its decision; several that lie on one another are zoomed into. */
function Marks({
  x,
  marks,
  onZoom,
}: {
  x: number;
  marks: Mark[];
  onZoom: (times: number[]) => void;
}) {
  const outcomes = marks.map(({ decision }) => decision.outcome);
  const [outcome, shape] = SHAPES.find(([one]) => outcomes.includes(one)) ?? [
    Outcome.OUTCOME_UNSPECIFIED,
    "M-2-2H2V2H-2Z",
  ];
  const [only] = marks.length === 1 ? marks : [];
  const text = marks.map(sentence).join("\n");
  const open = (event: Event) => {
    event.preventDefault();
    if (only === undefined) onZoom(marks.map(({ time }) => time));
    else go(pageOf(only.decision.name));
  };
  return (
    <a
      href={only === undefined ? "?" : pageOf(only.decision.name)}
      class="mark"
      data-tone={saidOf(outcome)[0]}
      aria-label={text}
      onClick={open}
    >
      <title>{text}</title>
      <g transform={`translate(${x} ${MARKS / 2})`}>
        <rect x={-9} y={-11} width={18} height={22} fill="transparent" />
        <path d={shape} fill-rule="evenodd" />
        {only === undefined && (
          <text x={8} y={4}>
            {marks.length}
          </text>
        )}
      </g>
    </a>
  );
}

function EpochBand({ band, colour }: { band: Band; colour: string }) {
  const { epoch, x, width } = band;
  const until = epoch.to === undefined ? "now" : absolute(epoch.to);
  const label = epoch.version === "" ? "none" : `@${lastOf(epoch.version)}`;
  const served = epoch.version === "" ? "nothing" : spoken(epoch.version);
  return (
    <g transform={`translate(${x} 0)`}>
      <title>{`epoch ${epoch.epoch}: ${served}, from ${absolute(epoch.from)} to ${until}`}</title>
      <rect class="band" width={width} height={16} fill={colour} />
      {width > 10 + 7 * label.length && (
        <text x={2} y={29} class="strong">
          {label}
        </text>
      )}
    </g>
  );
}

/** What it does and of which epoch, or how far it is behind. */
export function stateOf(consumer: Consumer): string {
  const state = consumer.stale ? "silent" : Consumer_State[consumer.state].toLowerCase();
  return consumer.lag > 0n
    ? `${state}, ${consumer.lag} behind`
    : `${state}, epoch ${consumer.epoch}`;
}

/** When a consumer is known to have served what it reported last. */
export function knownSpan(consumer: Consumer, now: number): Span {
  const from = millis(consumer.changeTime) ?? now;
  return { from, to: consumer.stale ? (millis(consumer.reportTime) ?? from) : now };
}

function Lane({
  consumer,
  span,
  width,
  colour,
}: {
  consumer: Consumer;
  span: Span;
  width: number;
  colour: string;
}) {
  const known = knownSpan(consumer, span.to);
  const from = Math.max(toPixel(known.from, span, width), 0);
  const to = Math.min(toPixel(known.to, span, width), width);
  const name = decodeURIComponent(lastOf(consumer.name));
  const served = `${spoken(consumer.version)} since ${absolute(known.from)}`;
  const failed = consumer.state === Consumer_State.FAILED;
  return (
    <>
      <text x={-LABELS} y={14} class="strong">
        {shortened(name, 16)}
      </text>
      <text x={-LABELS} y={28}>
        {stateOf(consumer)}
      </text>
      <g>
        <title>{`${name}: ${stateOf(consumer)}; ${served}. ${consumer.detail}`}</title>
        <line class="lane" x1={0} x2={width} y1={16} y2={16} />
        {to >= from && (
          <rect
            class={failed ? "band failed" : consumer.stale ? "band silent" : "band"}
            x={Math.min(from, width - 2)}
            y={10}
            width={Math.max(to - from, 2)}
            height={12}
            fill={failed ? "none" : colour}
          />
        )}
      </g>
    </>
  );
}

export interface PictureProps {
  epochs: Epoch[];
  ranks: Map<string, number>;
  marks: Mark[];
  consumers: Consumer[];
  span: Span;
  width: number; // of the axis
  moment: number | undefined;
  onMoment: (pixel: number) => void;
  onZoom: (times: number[]) => void;
}

export function TimelinePicture(props: PictureProps) {
  const { epochs, ranks, marks, consumers, span, width, moment, onMoment, onZoom } = props;
  const bands = bandsOf(epochs, span, width);
  const height = AXIS + MARKS + BANDS + consumers.length * LANE;
  const follow = (event: PointerEvent) => {
    const { left } = (event.currentTarget as SVGElement).getBoundingClientRect();
    onMoment(Math.min(Math.max(event.clientX - left - LABELS, 0), width));
  };
  return (
    <svg
      width={width + LABELS}
      height={height}
      role="group"
      aria-label="What the channel served over time"
      onPointerMove={follow}
      onPointerDown={follow}
    >
      <g transform={`translate(${LABELS} 0)`}>
        <g transform={`translate(0 ${AXIS})`}>
          {bands.map(({ epoch, x }) => (
            <line key={epoch.epoch} class="guide" x1={x} x2={x} y1={0} y2={height - AXIS} />
          ))}
        </g>
        {ticksOf(span, width).map(({ x, label }) => (
          <g key={label + String(x)}>
            <line class="tick" x1={x} x2={x} y1={AXIS - 6} y2={AXIS - 1} />
            <text x={x + 2} y={12} text-anchor={x > width - 60 ? "end" : "start"}>
              {label}
            </text>
          </g>
        ))}
        <line class="tick" x1={0} x2={width} y1={AXIS - 1} y2={AXIS - 1} />
        <g transform={`translate(0 ${AXIS})`}>
          <text x={-LABELS} y={16}>
            decisions
          </text>
          {groupsOf(marks, span, width).map((group) => (
            <Marks key={group.x} {...group} onZoom={onZoom} />
          ))}
        </g>
        <g transform={`translate(0 ${AXIS + MARKS})`}>
          <text x={-LABELS} y={13} class="strong">
            served
          </text>
          {bands.map((band) => (
            <EpochBand
              key={band.epoch.epoch}
              band={band}
              colour={colourOf(band.epoch.version, ranks)}
            />
          ))}
        </g>
        {consumers.map((consumer, index) => (
          <g key={consumer.name} transform={`translate(0 ${AXIS + MARKS + BANDS + index * LANE})`}>
            <Lane
              consumer={consumer}
              span={span}
              width={width}
              colour={colourOf(consumer.version, ranks)}
            />
          </g>
        ))}
        {moment !== undefined && moment >= span.from && (
          <line
            class="moment"
            x1={toPixel(moment, span, width)}
            x2={toPixel(moment, span, width)}
            y1={0}
            y2={height}
          />
        )}
      </g>
    </svg>
  );
}

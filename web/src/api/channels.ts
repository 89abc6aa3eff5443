// What several parts of the UI read of a channel: each list has one key, so that they share a call.
import type { Decision } from "../../gen/cairn/v1/promotion_pb.ts";
import type { Rollout } from "../../gen/cairn/v1/registry_pb.ts";
import { lastOf } from "../text/names.ts";
import type { Epoch } from "../text/timeline.ts";
import { millis } from "../text/times.ts";
import { everyPage } from "./calls.ts";
import { promotion } from "./services/promotion.ts";
import { registry } from "./services/registry.ts";
import { below, useQuery } from "./queries.ts";

const PAGE = 1000;

/** What was decided, newest first; as of a revision what was decided until then. */
export function useDecisions(channel: string, at = 0n) {
  const read = () =>
    everyPage(async (pageToken) => {
      const page = await promotion.listDecisions({
        parent: channel,
        pageToken,
        pageSize: PAGE,
        asOfRevision: at,
      });
      return { rows: page.decisions, nextPageToken: page.nextPageToken };
    });
  return useQuery(`${channel} decisions at ${at}`, read, below(channel));
}

/** Whom a decision judged: lists leave them out, and a decision with many has only the first. */
export function useCandidates(decision: Decision) {
  const read = async () => {
    if (decision.candidates.length >= decision.candidateCount) {
      return { rows: decision.candidates, whole: true };
    }
    return everyPage(async (pageToken) => {
      const page = await promotion.listDecisionCandidates({
        parent: decision.name,
        pageToken,
        pageSize: PAGE,
      });
      return { rows: page.candidates, nextPageToken: page.nextPageToken };
    });
  };
  return useQuery(`${decision.name} candidates`, read);
}

export function useConsumers(channel: string) {
  const read = () =>
    everyPage(async (pageToken) => {
      const page = await registry.listConsumers({ parent: channel, pageToken, pageSize: PAGE });
      return { rows: page.consumers, nextPageToken: page.nextPageToken };
    });
  return useQuery(`${channel} consumers`, read, below(channel));
}

function epochOf({ name, version, decision, createTime, endTime }: Rollout): Epoch {
  return {
    epoch: Number(lastOf(name)),
    version,
    decision,
    from: millis(createTime) ?? 0,
    to: millis(endTime),
  };
}

/** What the channel served, newest first. */
export function useEpochs(channel: string) {
  const read = async () => {
    const { rows, whole } = await everyPage(async (pageToken) => {
      const page = await registry.listRollouts({ parent: channel, pageToken, pageSize: PAGE });
      return { rows: page.rollouts, nextPageToken: page.nextPageToken };
    });
    return { rows: rows.map(epochOf), whole };
  };
  return useQuery(`${channel} rollouts`, read, below(channel));
}

import assert from "node:assert/strict";
import { test } from "node:test";
import { align, around, byRank } from "../src/text/aligned.ts";
import { explainCommand, replayCommand } from "../src/text/commands.ts";
import { changesOf } from "../src/text/decision_changes.ts";
import { flipOf } from "../src/text/margins.ts";

test("the same rule stands on the same line, and none is lost", () => {
  const rule = (id: string, stage = "gate") => ({ id, stage });
  const rows = align([rule("a"), rule("b")], [rule("b"), rule("a", "compare"), rule("a")]);
  assert.deepEqual(
    rows.map(({ key, left, right }) => [key, left !== undefined, right !== undefined]),
    [
      ["gate/a", true, true],
      ["gate/b", true, true],
      ["compare/a", false, true],
    ],
  );
});

test("the newest decision has none after it, the first none before", () => {
  const list = [{ name: "c" }, { name: "b" }, { name: "a" }];
  assert.deepEqual(around(list, "b"), { older: { name: "a" }, newer: { name: "c" } });
  assert.equal(around(list, "c").newer, undefined);
  assert.equal(around(list, "a").older, undefined);
  assert.deepEqual(around(list, "x"), { older: undefined, newer: undefined });
});

const FLOOR = { id: "floor", metric: "silhouette", needed: ">= 0.2", observed: 0.25, margin: 0.05 };

test("of the check that turns, the mark stands at the threshold", () => {
  const flip = { check: "floor", subject: "silhouette", needed: 0.2 };
  assert.equal(flipOf(FLOOR, flip), 50);
});

test("on another check of the metric it stands where the value would be", () => {
  const flip = { check: "gain", subject: "silhouette", needed: 0.225 };
  assert.equal(Math.round(flipOf(FLOOR, flip) ?? NaN), 55);
  const ceiling = { ...FLOOR, needed: "<= 0.3" };
  assert.equal(Math.round(flipOf(ceiling, { ...flip, needed: 0.35 }) ?? NaN), 40);
});

test("what does not concern a check has no mark on it", () => {
  assert.equal(flipOf(FLOOR, { check: "x", subject: "inertia", needed: 1 }), undefined);
  assert.equal(
    flipOf({ ...FLOOR, needed: "3..8" }, { check: "x", subject: "silhouette", needed: 1 }),
    undefined,
  );
  assert.equal(
    flipOf(
      { ...FLOOR, observed: undefined },
      { check: "floor", subject: "silhouette", needed: 0.2 },
    ),
    undefined,
  );
});

test("why and why not, as of the revision that the next decision saw", () => {
  const channel = "models/m/channels/staging";
  assert.equal(explainCommand(channel, "", 0n), "mlctl why m#staging");
  assert.equal(
    explainCommand(channel, "models/m/versions/3", 12n),
    "mlctl why-not m@3 --channel staging --as-of 12",
  );
});

test("those that passed come first by their place, the others as they were", () => {
  const one = (version: string, rank: number) => ({ version, rank });
  const list = byRank([one("5", 0), one("4", 2), one("3", 0), one("2", 1)]);
  assert.equal(list.map(({ version }) => version).join(""), "2453");
});

test("a decision is made again by its id", () => {
  assert.equal(replayCommand("models/m/channels/p/decisions/4f8a"), "mlctl replay 4f8a");
});

const judged = (id: string, verdict: number, observed?: number, needed = ">= 0.2") => ({
  id,
  stage: "gate",
  verdict,
  observed,
  needed,
});

test("against the decision before only what came out differently is told", () => {
  const before = [
    {
      version: "1",
      rank: 1,
      checks: [judged("a", 1, 0.3), judged("b", 1, NaN), judged("c", 1, 2)],
    },
    { version: "0", rank: 0, checks: [judged("a", 2, 0.1)] },
  ];
  const now = [
    { version: "2", rank: 0, checks: [judged("a", 1, 0.4)] },
    { version: "1", rank: 1, checks: [judged("a", 2, 0.1), judged("b", 1, NaN), judged("d", 1)] },
  ];
  const { differences, same, came, left } = changesOf(before, now);
  assert.deepEqual(
    differences.map((one) => [one.version, one.key, one.before?.verdict, one.now?.verdict]),
    [
      ["1", "gate/a", 1, 2],
      ["1", "gate/d", undefined, 1],
      ["1", "gate/c", 1, undefined],
    ],
  );
  assert.deepEqual([same, came, left], [1, ["2"], ["0"]]);
});

test("another limit is a difference, also where the verdict stays", () => {
  const one = (needed: string) => [
    { version: "1", rank: 1, checks: [judged("a", 1, 0.3, needed)] },
  ];
  assert.equal(changesOf(one(">= 0.2"), one(">= 0.25")).differences.length, 1);
  assert.equal(changesOf(one(">= 0.2"), one(">= 0.2")).differences.length, 0);
});

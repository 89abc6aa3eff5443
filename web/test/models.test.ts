import assert from "node:assert/strict";
import { test } from "node:test";
import { churnOf, columnSums, rowSums, streamsOf, wrongSums } from "../src/text/churn.ts";
import { deltaOf, nextBy, shownOf, sortedBy, type Measure } from "../src/text/measures.ts";

function measure(value: number, changes: Partial<Measure> = {}): Measure {
  return { metric: "silhouette", value, byServer: false, basis: "a", paired: false, ...changes };
}

test("what the server measured counts before what was reported", () => {
  const shown = shownOf([measure(1), measure(2, { byServer: true }), measure(3)]);
  assert.equal(shown.get("silhouette")?.value, 2);
});

test("a delta is taken on the same basis only, and not of a value of two versions", () => {
  const champion = [measure(1), measure(5, { byServer: true, basis: "b" })];
  assert.equal(deltaOf("silhouette", [measure(4)], champion), 3);
  assert.equal(
    deltaOf("silhouette", [measure(4), measure(7, { byServer: true, basis: "b" })], champion),
    2,
  );
  assert.equal(deltaOf("silhouette", [measure(4, { basis: "c" })], champion), undefined);
  assert.equal(deltaOf("silhouette", [measure(4, { byServer: true })], champion), undefined);
  assert.equal(deltaOf("silhouette", [measure(4, { paired: true })], champion), undefined);
});

test("a click sorts the greatest first, then the least, then not", () => {
  assert.equal(nextBy("", "k"), "-k");
  assert.equal(nextBy("-k", "k"), "k");
  assert.equal(nextBy("k", "k"), "");
  assert.equal(nextBy("-other", "k"), "-k");
});

test("versions without the metric stand at the end, whichever way", () => {
  const rows = [{ v: 1 }, { v: undefined }, { v: 3 }];
  const sorted = (by: string) => sortedBy(rows, by, ({ v }) => v).map(({ v }) => v);
  assert.deepEqual(sorted("k"), [1, 3, undefined]);
  assert.deepEqual(sorted("-k"), [3, 1, undefined]);
});

const REPORT = {
  migration: {
    from: "models/m/versions/1",
    before: ["A", "B"],
    after: ["A"],
    customers: [
      [7, 1],
      [2, 0],
      [3, 0],
    ],
    same_segment_share: 0.7,
  },
  profiles: { segments: [{ customers: 12 }] },
};

test("the table of a report sums to the segments that it states", () => {
  const churn = churnOf(REPORT);
  assert.ok(churn !== undefined);
  assert.deepEqual(rowSums(churn), [8, 2, 3]);
  assert.deepEqual(columnSums(churn), [12, 1]);
  assert.deepEqual(wrongSums(churn), []);
  assert.deepEqual(wrongSums({ ...churn, sizes: [11] }), [{ segment: "A", sum: 12, size: 11 }]);
});

test("a stream stays where the name does, and nobody is no stream", () => {
  const churn = churnOf(REPORT);
  assert.ok(churn !== undefined);
  assert.deepEqual(
    streamsOf(churn).map(({ source, target, value, stays }) => [source, target, value, stays]),
    [
      ["before 0", "after 0", 7, true],
      ["before 0", "after 1", 1, false],
      ["before 1", "after 0", 2, false],
      ["before 2", "after 0", 3, false],
    ],
  );
});

test("a report that compares with nothing, and one that is broken, have no table", () => {
  assert.equal(churnOf({ migration: null }), undefined);
  assert.equal(churnOf("text"), undefined);
  assert.equal(churnOf({ migration: { ...REPORT.migration, customers: [[1]] } }), undefined);
});

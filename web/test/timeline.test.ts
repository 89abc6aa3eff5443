import assert from "node:assert/strict";
import { test } from "node:test";
import {
  askedFor,
  bandsOf,
  groupsOf,
  ranksOf,
  spanOf,
  ticksOf,
  toPixel,
  toTime,
  type Epoch,
} from "../src/text/timeline.ts";

const NOW = 1_000_000_000;

function epoch(number: number, version: string, from: number, to?: number): Epoch {
  return { epoch: number, version, decision: "", from, to };
}

test("the address asks for the last day, for two moments, or for everything", () => {
  assert.deepEqual(spanOf("day", [], NOW), { from: NOW - 86_400_000, to: NOW });
  assert.deepEqual(spanOf("100-200", [], NOW), { from: 100, to: 200 });
  assert.deepEqual(spanOf("", [NOW - 100_000], NOW), { from: NOW - 102_000, to: NOW });
});

test("two moments in the wrong order and words nobody knows are taken for everything", () => {
  const whole = spanOf("", [5], NOW);
  assert.deepEqual(spanOf("200-100", [5], NOW), whole);
  assert.deepEqual(spanOf("toString", [5], NOW), whole);
});

test("moments that were written into the address lie inside of what it shows", () => {
  const span = spanOf(askedFor([1000, 1000]), [], NOW);
  assert.ok(span.from < 1000 && span.to > 1000);
});

test("bands are cut at the edges, the last reaches to the end, and a short one is still seen", () => {
  const span = { from: 100, to: 200 };
  const bands = bandsOf(
    [epoch(1, "a", 0, 50), epoch(2, "b", 50, 150), epoch(3, "c", 150, 150), epoch(4, "d", 150)],
    span,
    100,
  );
  assert.deepEqual(
    bands.map((band) => [band.epoch.epoch, band.x, band.width]),
    [
      [2, 0, 50],
      [3, 50, 2],
      [4, 50, 50],
    ],
  );
});

test("marks that would cover one another are one group; none is lost", () => {
  const marks = [{ time: 190 }, { time: 101 }, { time: 102 }, { time: 99 }];
  const groups = groupsOf(marks, { from: 100, to: 200 }, 1000, 14);
  assert.deepEqual(
    groups.map((group) => group.marks.map(({ time }) => time)),
    [[101, 102], [190]],
  );
});

test("a version that comes back keeps its colour", () => {
  const ranks = ranksOf([epoch(3, "a", 3), epoch(2, "b", 2, 3), epoch(1, "a", 1, 2)]);
  assert.deepEqual(
    [...ranks],
    [
      ["a", 0],
      ["b", 1],
    ],
  );
});

test("pixels and times lead back to each other", () => {
  const span = { from: 500, to: 900 };
  assert.equal(toTime(toPixel(700, span, 320), span, 320), 700);
});

test("labels have room, whatever the span", () => {
  for (const length of [2_000, 90_000, 7_200_000, 86_400_000, 40 * 86_400_000, 3e11]) {
    const ticks = ticksOf({ from: NOW, to: NOW + length }, 600);
    assert.ok(ticks.length <= 8, `${length}`);
    ticks.reduce((before, { x }) => {
      assert.ok(x - before >= 83);
      return x;
    }, -Infinity);
  }
});

import assert from "node:assert/strict";
import { test } from "node:test";
import { confession, curveOf } from "../src/text/curves.ts";

const bucket = (first: bigint, last: bigint, points: bigint, nan = 0n) => ({
  firstStep: first,
  lastStep: last,
  pointCount: points,
  nanCount: nan,
});

test("a spike of one point in a bucket of many is the upper edge of the band", () => {
  const curve = curveOf([
    { ...bucket(0n, 999n, 1000n), minValue: 0.1, maxValue: 100, meanValue: 0.2 },
    { ...bucket(1000n, 1999n, 1000n), minValue: 0.1, maxValue: 0.3, meanValue: 0.2 },
  ]);
  assert.deepEqual(curve.max, [100, 0.3]);
  assert.deepEqual(curve.x, [499.5, 1499.5]);
  assert.equal(curve.points, 2000);
  assert.match(confession(curve, false), /2,000 points · up to 1,000 a pixel/);
});

test("what a line cannot show is counted", () => {
  const curve = curveOf([
    bucket(0n, 0n, 1n, 1n),
    { ...bucket(1n, 1n, 1n), minValue: Infinity, maxValue: Infinity, meanValue: Infinity },
    { ...bucket(2n, 2n, 1n), minValue: -1, maxValue: -1, meanValue: -1 },
  ]);
  assert.equal(curve.notFinite, 2);
  assert.match(confession(curve, true), /2 NaN or infinite · 1 at or below 0 left out/);
  assert.doesNotMatch(confession(curve, false), /left out/);
});

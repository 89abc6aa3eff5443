import assert from "node:assert/strict";
import { test } from "node:test";
import {
  aloneIn,
  columnsOf,
  confession,
  curveOf,
  isExact,
  marksOf,
  readoutOf,
  stepsBetween,
  stepsOf,
  stepsText,
} from "../src/text/curves.ts";

const bucket = (first: bigint, last: bigint, points: bigint, nan = 0n) => ({
  firstStep: first,
  lastStep: last,
  pointCount: points,
  nanCount: nan,
});
const values = (minValue: number, meanValue: number, maxValue: number) => ({
  minValue,
  meanValue,
  maxValue,
});
const plain = { logarithmic: false, window: 0, steps: undefined };
const logarithmic = { ...plain, logarithmic: true };

test("a spike of one point in a bucket of many is the upper edge of the band", () => {
  const curve = curveOf([
    { ...bucket(0n, 999n, 1000n), ...values(0.1, 0.2, 100) },
    { ...bucket(1000n, 1999n, 1000n), ...values(0.1, 0.2, 0.3) },
  ]);
  assert.deepEqual(curve.max, [100, 0.3]);
  assert.deepEqual(curve.x, [499.5, 1499.5]);
  assert.equal(curve.points, 2000);
  assert.match(confession(curve, plain), /2,000 points · up to 1,000 a pixel/);
});

test("what a line cannot show is a mark on an edge, and counted", () => {
  const curve = curveOf([
    bucket(0n, 0n, 1n, 1n),
    { ...bucket(1n, 1n, 1n), ...values(Infinity, Infinity, Infinity) },
    { ...bucket(2n, 3n, 2n), ...values(-Infinity, -Infinity, 5) },
  ]);
  assert.deepEqual(marksOf(curve), [
    { x: 0, kind: "nan", from: null },
    { x: 1, kind: "above", from: null },
    { x: 2.5, kind: "below", from: 5 },
  ]);
  assert.deepEqual(curve.mean, [null, null, null]);
  assert.match(confession(curve, plain), /✕ 1 NaN · ▲ \+∞ at 1 place · ▼ −∞ at 1 place$/);
});

test("a logarithmic axis says how many values it leaves out, and where it knows only the least", () => {
  const below = { ...bucket(0n, 9n, 10n, 3n), ...values(-2, -1, 0) };
  const pair = { ...bucket(10n, 11n, 2n), ...values(-1, 0, 1) };
  const mixed = { ...bucket(12n, 19n, 8n), ...values(-1, 2, 4) };
  assert.match(confession(curveOf([below, pair]), logarithmic), / · 8 at or below 0 left out/);
  assert.match(confession(curveOf([mixed]), logarithmic), /at least 1 at or below 0 left out/);
  assert.doesNotMatch(confession(curveOf([mixed]), plain), /left out/);
  const curve = curveOf([below, pair, mixed]);
  assert.deepEqual(columnsOf(curve, curve.mean, true), [
    [null, null, 2],
    [null, -1, -1],
    [null, 1, 4],
  ]);
});

test("a caption says what smoothing did, and which steps are shown", () => {
  const curve = curveOf([{ ...bucket(1n, 1n, 1n), ...values(1, 1, 1) }]);
  assert.ok(isExact(curve));
  assert.equal(
    confession(curve, { logarithmic: false, window: 200, steps: { from: 1, to: 900 } }),
    "1 point · steps 1..900 · line smoothed over 200 steps, the band is not",
  );
});

test("a readout has all digits of a point, and the ends of what stands for many", () => {
  const curve = curveOf([
    { ...bucket(7n, 7n, 1n), ...values(0.1 + 0.2, 0.1 + 0.2, 0.1 + 0.2) },
    { ...bucket(8n, 9n, 3n, 1n), ...values(-1, 1, 3) },
    bucket(10n, 10n, 1n, 1n),
  ]);
  assert.equal(readoutOf(curve, 0), "step 7: 0.30000000000000004");
  assert.equal(readoutOf(curve, 1), "steps 8 to 9: mean 1, −1 to 3 (3 points, 1 NaN)");
  assert.equal(readoutOf(curve, 2), "step 10: NaN");
  assert.equal(readoutOf(curve, 3), "");
});

test("steps in an address are whole and in order, or all", () => {
  assert.deepEqual(stepsOf("-5..10"), { from: -5, to: 10 });
  assert.equal(stepsText({ from: -5, to: 10 }), "-5..10");
  for (const text of ["", "5", "9..1", "1..x", "0..99999999999999999"]) {
    assert.equal(stepsOf(text), undefined, text);
  }
  assert.deepEqual(stepsBetween(7.6, 2.2), { from: 3, to: 7 });
  assert.deepEqual(stepsBetween(2.2, 2.4), { from: 3, to: 3 });
});

test("a value between gaps stands alone", () => {
  assert.deepEqual(aloneIn([1, null, 2, 3, null, 4]), [0, 5]);
  assert.deepEqual(aloneIn([7]), [0]);
  assert.deepEqual(aloneIn([null, undefined]), []);
});

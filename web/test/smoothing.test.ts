import assert from "node:assert/strict";
import { test } from "node:test";
import { smoothed, windowsFor } from "../src/text/smoothing.ts";

const x = [0, 1, 2, 3, 4, 10];
const mean = [0, 4, 0, 4, 0, 7];
const once = x.map(() => 1);

test("a window of 0 changes nothing", () => {
  assert.equal(smoothed(x, mean, once, 0), mean);
});

test("neighbours count by nearness; what is further than half the window does not", () => {
  const line = smoothed(x, mean, once, 4);
  // At 2: itself with weight 1, those one step away with a half, those two steps away with none.
  assert.ok(Math.abs((line[2] ?? NaN) - (0 + 0.5 * 4 + 0.5 * 4) / 2) < 1e-9);
  assert.equal(line[5], 7);
});

test("neighbours count by the points they stand for", () => {
  const line = smoothed([0, 1], [0, 8], [1, 3], 4);
  assert.ok(Math.abs((line[0] ?? NaN) - (0.5 * 3 * 8) / (1 + 0.5 * 3)) < 1e-9);
});

test("what is equal stays equal, and a gap stays a gap", () => {
  assert.deepEqual(smoothed([0, 1, 2], [5, null, 5], [1, 0, 1], 10), [5, null, 5]);
});

test("the same steps give the same line in a zoom, but for its ends", () => {
  const many = Array.from({ length: 100 }, (_, index) => index);
  const wave = many.map((step) => Math.sin(step));
  const whole = smoothed(
    many,
    wave,
    wave.map(() => 1),
    10,
  );
  const part = smoothed(
    many.slice(40, 60),
    wave.slice(40, 60),
    wave.map(() => 1),
    10,
  );
  assert.deepEqual(part.slice(5, 15), whole.slice(45, 55));
});

test("windows are round and at most half of the steps", () => {
  assert.deepEqual(windowsFor(100), [0, 2, 5, 10, 20, 50]);
  assert.deepEqual(windowsFor(1), [0]);
});

import assert from "node:assert/strict";
import { test } from "node:test";
import { axisOf, isWide, placeOn, ticksOf, valueAt } from "../src/text/axes.ts";

test("an axis spans what is finite, and one value has room around it", () => {
  assert.deepEqual(axisOf([3, NaN, -1, Infinity]), { min: -1, max: 3, logarithmic: false });
  assert.deepEqual(axisOf([4]), { min: 2, max: 6, logarithmic: false });
  assert.deepEqual(axisOf([0]), { min: -1, max: 1, logarithmic: false });
  assert.deepEqual(axisOf([-1, 0, 4], true), { min: 2, max: 8, logarithmic: true });
  assert.equal(axisOf([NaN]), undefined);
  assert.equal(axisOf([-1, 0], true), undefined);
});

test("a place is found from a value, and a value from a place", () => {
  const linear = { min: 10, max: 20, logarithmic: false };
  assert.equal(placeOn(linear, 15), 0.5);
  assert.equal(valueAt(linear, 0.25), 12.5);
  const powers = { min: 1, max: 10_000, logarithmic: true };
  assert.equal(placeOn(powers, 100), 0.5);
  assert.ok(Math.abs(valueAt(powers, 0.75) - 1000) < 1e-9);
  assert.equal(placeOn(powers, 0), undefined);
  assert.equal(placeOn(linear, NaN), undefined);
});

test("ticks are round, within the axis, and powers of ten on a wide logarithmic one", () => {
  assert.deepEqual(ticksOf({ min: 0, max: 1, logarithmic: false }), [0, 0.2, 0.4, 0.6, 0.8, 1]);
  assert.deepEqual(
    ticksOf({ min: 0.13, max: 0.38, logarithmic: false }),
    [0.15, 0.2, 0.25, 0.3, 0.35],
  );
  assert.deepEqual(ticksOf({ min: 1e-4, max: 0.1, logarithmic: true }), [1e-4, 1e-3, 0.01, 0.1]);
  assert.deepEqual(ticksOf({ min: 1, max: 1e9, logarithmic: true }), [1, 100, 1e4, 1e6, 1e8]);
});

test("a logarithmic axis is for what is above 0 and far apart", () => {
  assert.ok(isWide([0.001, 0.1]));
  assert.ok(!isWide([1, 50]));
  assert.ok(!isWide([0, 1000]));
  assert.ok(!isWide([]));
});

import assert from "node:assert/strict";
import { test } from "node:test";
import { bytes, count, delta, exact, measured, tickText, share } from "../src/text/numbers.ts";

test("a measured value has four digits that count, whatever its size", () => {
  assert.equal(measured(0.24906), "0.2491");
  assert.equal(measured(34471.44), "34,471");
  assert.equal(measured(1320.36), "1,320");
  assert.equal(measured(-0.5), "\u22120.5000");
  assert.equal(measured(1.23e-7), "1.230e-7");
});

test("whole numbers, zero, NaN and infinity look different from one another", () => {
  assert.equal(measured(3), "3");
  assert.equal(measured(0), "0");
  assert.equal(measured(NaN), "NaN");
  assert.equal(measured(-Infinity), "\u2212∞");
});

test("exact keeps every digit of a double", () => {
  assert.equal(exact(0.1 + 0.2), "0.30000000000000004");
});

test("a change has its sign, and none is not nothing", () => {
  assert.equal(delta(0.0125), "+0.01250");
  assert.equal(delta(-2), "\u22122");
  assert.equal(delta(0), "±0");
});

test("counts are grouped by thousands, also beyond what a double counts", () => {
  assert.equal(count(1234567), "1,234,567");
  assert.equal(count(9007199254740993n), "9,007,199,254,740,993");
  assert.equal(count(999), "999");
});

test("sizes are decimal, with three digits", () => {
  assert.equal(bytes(512), "512 B");
  assert.equal(bytes(1234), "1.23 kB");
  assert.equal(bytes(999_600), "1.00 MB");
  assert.equal(bytes(2_300_000_000n), "2.30 GB");
});

test("a share is a percentage with one decimal", () => {
  assert.equal(share(0.2182), "21.8 %");
});

test("ticks are written without the zeros that fill a column", () => {
  const ticks = [0.25, 7.5, 1, 1000, 0.001, 1e-7, -0.5].map(tickText);
  assert.deepEqual(ticks, ["0.25", "7.5", "1", "1,000", "0.001", "1e-7", "−0.5"]);
});

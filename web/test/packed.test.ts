import assert from "node:assert/strict";
import { test } from "node:test";
import { bucketsOf } from "../src/text/packed.ts";

function bytes(numbers: Float64Array | Uint32Array): Uint8Array {
  // At an odd place of a larger buffer, as a message has it.
  const within = new Uint8Array(numbers.byteLength + 3);
  within.set(new Uint8Array(numbers.buffer), 3);
  return within.subarray(3);
}

test("packed arrays are the buckets of a curve", () => {
  const buckets = bucketsOf({
    firstSteps: bytes(Float64Array.of(0, 10)),
    lastSteps: bytes(Float64Array.of(9, 2 ** 53)),
    minValues: bytes(Float64Array.of(-Infinity, NaN)),
    maxValues: bytes(Float64Array.of(2, NaN)),
    meanValues: bytes(Float64Array.of(-Infinity, NaN)),
    pointCounts: bytes(Uint32Array.of(10, 4_000_000_000)),
    nanCounts: bytes(Uint32Array.of(0, 4_000_000_000)),
  });
  assert.deepEqual(buckets, [
    {
      firstStep: 0n,
      lastStep: 9n,
      pointCount: 10n,
      nanCount: 0n,
      minValue: -Infinity,
      maxValue: 2,
      meanValue: -Infinity,
    },
    {
      firstStep: 10n,
      lastStep: 2n ** 53n,
      pointCount: 4_000_000_000n,
      nanCount: 4_000_000_000n,
      minValue: undefined,
      maxValue: undefined,
      meanValue: undefined,
    },
  ]);
});

test("no bucket is no curve", () => {
  const none = new Uint8Array();
  assert.deepEqual(
    bucketsOf({
      firstSteps: none,
      lastSteps: none,
      minValues: none,
      maxValues: none,
      meanValues: none,
      pointCounts: none,
      nanCounts: none,
    }),
    [],
  );
});

import assert from "node:assert/strict";
import { test } from "node:test";
import { ago, duration, millis } from "../src/text/times.ts";

const NOW = Date.UTC(2026, 10, 30, 12, 0, 0);

test("how long ago is told in one unit", () => {
  assert.equal(ago(NOW - 500, NOW), "now");
  assert.equal(ago(NOW - 59_000, NOW), "59 s ago");
  assert.equal(ago(NOW - 61 * 60_000, NOW), "1 h ago");
  assert.equal(ago(NOW + 2 * 86_400_000, NOW), "in 2 d");
  assert.match(ago(NOW - 40 * 86_400_000, NOW), /^2026-10-2\d$/);
});

test("how long something took keeps the unit that says most", () => {
  assert.equal(duration(0.38), "380 µs");
  assert.equal(duration(12.345), "12.3 ms");
  assert.equal(duration(1240), "1.24 s");
  assert.equal(duration(200_000), "3 min 20 s");
  assert.equal(duration(90 * 60_000), "1 h 30 min");
  assert.equal(duration(50 * 3_600_000), "2 d 2 h");
});

test("a moment that was never set has no time", () => {
  assert.equal(millis(undefined), undefined);
  assert.equal(millis({ seconds: 2n, nanos: 5_999_999 }), 2005);
});

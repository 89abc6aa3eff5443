import assert from "node:assert/strict";
import { test } from "node:test";
import { COLUMN_PIXELS, columnWindow, WHOLE_COLUMNS } from "../src/text/column_window.ts";

test("few columns are all there, wherever the bar stands", () => {
  const whole = { first: 0, end: WHOLE_COLUMNS, before: 0, after: 0 };
  assert.deepEqual(columnWindow(WHOLE_COLUMNS, 0, 300), whole);
  assert.deepEqual(columnWindow(WHOLE_COLUMNS, 9_000, 300), whole);
});

test("room and columns together are as wide as all columns", () => {
  for (let left = -50; left < 100 * COLUMN_PIXELS + 500; left += 37) {
    const { first, end, before, after } = columnWindow(100, left, 1_200);
    assert.equal(before + (end - first) * COLUMN_PIXELS + after, 100 * COLUMN_PIXELS);
    assert.ok(first >= 0 && first < end && end <= 100);
  }
});

test("what is in view is between the first and the last", () => {
  const { first, end } = columnWindow(100, 5_000, 1_200);
  assert.ok(first * COLUMN_PIXELS <= 5_000);
  assert.ok(end * COLUMN_PIXELS >= 6_200);
  assert.ok(end - first < 11);
});

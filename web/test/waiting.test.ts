import assert from "node:assert/strict";
import { test } from "node:test";
import { waiting } from "../src/text/waiting.ts";

const one = (message: string, at: number, stopped = true) => ({ message, at, stopped });

test("what was refused before the channel moved waits for nobody", () => {
  const list = [one("b", 9), one("moved", 5, false), one("a", 4)];
  assert.deepEqual(
    waiting(list, 5).map(({ message }) => message),
    ["b"],
  );
});

test("the same refusal asked again and again waits once, at its newest", () => {
  const list = [one("a", 9), one("b", 8), one("a", 7)];
  assert.deepEqual(
    waiting(list, 0).map(({ at }) => at),
    [9, 8],
  );
});

test("a channel that never moved has all of its refusals waiting", () => {
  assert.equal(waiting([one("a", 1), one("b", 0)], -Infinity).length, 2);
});

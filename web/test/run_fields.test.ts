import assert from "node:assert/strict";
import { test } from "node:test";
import { markedAt } from "../src/text/byte_position.ts";
import { differing, fieldOf, fieldsOf, listed, numberIn } from "../src/text/run_fields.ts";

const run = (k: string, loss: number) => ({
  params: { k, seed: "42" },
  tags: { team: "a" },
  metrics: [{ key: "val/loss", latest: { value: loss } }],
});

test("a field of a run is found by its name", () => {
  assert.equal(fieldOf(run("3", 0.5), "params.k"), "3");
  assert.equal(fieldOf(run("3", 0.5), "metrics.val/loss"), 0.5);
  assert.equal(fieldOf(run("3", 0.5), "tags.team"), "a");
  assert.equal(fieldOf(run("3", 0.5), "metrics.none"), undefined);
});

test("all fields of runs, by kind and name", () => {
  assert.deepEqual(fieldsOf([run("3", 1)]), [
    "params.k",
    "params.seed",
    "metrics.val/loss",
    "tags.team",
  ]);
});

test("fields that differ: also by missing, but not by NaN against NaN", () => {
  const fields = ["params.k", "params.seed", "metrics.val/loss"];
  assert.deepEqual(differing([run("3", NaN), run("4", NaN)], fields), ["params.k"]);
  const without = { params: { k: "3" }, tags: {}, metrics: [] };
  assert.deepEqual(differing([run("3", 1), without], fields), fields.slice(1));
  assert.deepEqual(differing([run("3", 1)], fields), fields);
});

test("only what is a number all through is one", () => {
  assert.equal(numberIn("1e-3"), 0.001);
  assert.equal(numberIn("-2."), -2);
  assert.equal(numberIn(0.5), 0.5);
  for (const text of ["", "3 ms", "0x10", "adam", "1,000"]) assert.equal(numberIn(text), undefined);
});

test("a list in an address splits at commas outside of backquotes, each field once", () => {
  assert.deepEqual(listed("params.k,metrics.`a,b`,,params.k"), ["params.k", "metrics.`a,b`"]);
  assert.deepEqual(listed(""), []);
});

test("a byte of the server is a character of the page", () => {
  assert.deepEqual(markedAt("k = = 3", 4), { before: "k = ", at: "=", after: " 3" });
  assert.deepEqual(markedAt("größe ≥ 3", 8), { before: "größe ", at: "≥", after: " 3" });
  assert.deepEqual(markedAt("🙂x", 4), { before: "🙂", at: "x", after: "" });
  assert.deepEqual(markedAt("k =", 3), { before: "k =", at: "", after: "" });
});

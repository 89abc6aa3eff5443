import assert from "node:assert/strict";
import { test } from "node:test";
import { filterOfRefs, isNamed, parseRef, refOf, refsIn } from "../src/text/run_refs.ts";

const NAME = "experiments/0/runs/6f2c0d11ab33445566778899aabbccdd";

test("a short name leads back to its run", () => {
  assert.equal(refOf(NAME), "0/6f2c0d11ab");
  for (const text of [refOf(NAME), NAME]) {
    const ref = parseRef(text);
    assert.ok(ref !== undefined && isNamed(NAME, ref), text);
    assert.ok(!isNamed("experiments/1/runs/6f2c0d11ab33", ref));
  }
  assert.equal(parseRef("6f2c0d11ab"), undefined);
  assert.equal(parseRef("a/b/c"), undefined);
});

test("a list names each run once", () => {
  assert.deepEqual(refsIn("0/a,0/b,,0/a"), ["0/a", "0/b"]);
  assert.deepEqual(refsIn(""), []);
});

test("a filter finds the named runs, whatever is in the name", () => {
  const refs = ["0/ab", '1/x"*'].map(parseRef).filter((ref) => ref !== undefined);
  assert.equal(filterOfRefs(refs), 'uid = "ab*" OR uid = "x\\"\\**"');
});

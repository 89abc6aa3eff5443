// The bytes of early calls. That the page asks the same ones is seen in a browser: check 3.
import assert from "node:assert/strict";
import { test } from "node:test";
import { allFields, getExperiment, pinnedColumns, searchRuns } from "../src/text/run_calls.ts";
import { fieldsIn, message, nested, number, text } from "../src/text/wire.ts";

const bytes = (hex: string) => Uint8Array.from(Buffer.from(hex.replaceAll(" ", ""), "hex"));

test("a message is what the format's own examples say", () => {
  assert.deepEqual(message(number(1, 150)), bytes("08 96 01"));
  assert.deepEqual(message(text(2, "testing")), bytes("12 07 74 65 73 74 69 6e 67"));
  assert.deepEqual(message(nested(3, number(1, 150))), bytes("1a 03 08 96 01"));
  assert.deepEqual(message(text(1, "ü")), bytes("0a 02 c3 bc"));
});

test("what is empty or zero is left out, but for a message", () => {
  assert.deepEqual(message(text(1, ""), number(2, 0), nested(7)), bytes("3a 00"));
});

test("a field is read as it was written, whatever stands beside it", () => {
  const mixed = bytes("0d 01020304 11 0102030405060708 10 ac 02 0a 01 61");
  assert.deepEqual(fieldsIn(mixed), [
    { field: 2, value: 300 },
    { field: 1, value: bytes("61") },
  ]);
});

test("long texts have long lengths", () => {
  const long = "x".repeat(300);
  const [field] = fieldsIn(message(text(1, long)));
  assert.deepEqual(field, { field: 1, value: new TextEncoder().encode(long) });
});

test("the first page names its columns in its mask", () => {
  const asked = fieldsIn(searchRuns("experiments/0", "", "", ["params.k", 'metrics."a b"']));
  assert.deepEqual(
    asked.map(({ field }) => field),
    [1, 4, 7, 9],
  );
  const mask = asked.find(({ field }) => field === 7)?.value;
  const paths = fieldsIn(mask as Uint8Array).map(({ value }) =>
    new TextDecoder().decode(value as Uint8Array),
  );
  assert.deepEqual(paths.slice(-2), ["params.k", "metrics.a b"]);
  assert.equal(getExperiment("experiments/0")[0], 0x0a);
});

function answer(total: number): Uint8Array {
  const loss = nested(1, text(1, "metrics.loss"), number(2, 1), number(3, 100_000), number(4, 99));
  const other = nested(1, text(1, 'params."a b"'), number(3, 3), number(4, 1));
  return message(loss, other, number(3, total), number(4, 300_000));
}

test("what the runs have is read from the answer", () => {
  assert.deepEqual(allFields(answer(2)), [
    { field: "metrics.loss", runs: 100_000, different: 99 },
    { field: 'params."a b"', runs: 3, different: 1 },
  ]);
});

test("of a part of the fields nothing is chosen early", () => {
  assert.equal(allFields(answer(3)), undefined);
});

test("columns of the address are pinned, also when they are none", () => {
  assert.equal(pinnedColumns(""), undefined);
  assert.deepEqual(pinnedColumns("none"), []);
  assert.deepEqual(pinnedColumns('params.k,metrics."a,b"'), ["params.k", 'metrics."a,b"']);
});

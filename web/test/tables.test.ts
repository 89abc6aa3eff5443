import assert from "node:assert/strict";
import { test } from "node:test";
import { compare, warnings } from "../src/text/comparison.ts";
import { outline } from "../src/text/histograms.ts";
import { atHop, byKind, columnsOf, counted } from "../src/text/lineage.ts";
import { barOf } from "../src/text/margins.ts";
import { matches } from "../src/text/matching.ts";
import { listed } from "../src/text/run_fields.ts";
import {
  differingFields,
  field,
  keyOf,
  maskOf,
  nextOrder,
  inAskedOrder,
  telling,
} from "../src/text/run_columns.ts";

test("columns are those that tell runs apart: params with several values, then common metrics", () => {
  const has = (field: string, runs: number, different: number) => ({
    field,
    runs,
    different,
  });
  const fields = [
    has("metrics.rare", 1, 1),
    has("metrics.silhouette", 2, 2),
    has("params.k", 2, 2),
    has("params.seed", 2, 1),
  ];
  assert.deepEqual(telling(fields, 2), ["params.k", "metrics.silhouette", "metrics.rare"]);
});

test("a field differs where runs have different values, or not all have one", () => {
  const fields = [
    { field: "params.k", runs: 3, different: 2 },
    { field: "params.seed", runs: 3, different: 1 },
    { field: "params.tol", runs: 2, different: 1 },
  ];
  const names = fields.map(({ field }) => field);
  assert.deepEqual(differingFields(names, fields, 3), ["params.k", "params.tol"]);
  assert.deepEqual(differingFields(names, fields, 1), names);
});

test("a key that is no plain word is quoted, and found again", () => {
  const spelled = [
    ["val/loss", "metrics.val/loss"],
    ["a.b", "metrics.a.b"],
    ["a b", 'metrics."a b"'],
    ["a.", 'metrics."a."'],
    ["-1", 'metrics."-1"'],
    ["AND", 'metrics."AND"'],
    ['x,"\\*', 'metrics."x,\\"\\\\\\*"'],
  ] as const;
  for (const [key, text] of spelled) {
    assert.equal(field("metrics", key), text);
    assert.equal(keyOf(text), key);
    assert.equal(maskOf(text), `metrics.${key}`);
    assert.deepEqual(listed(`params.k,${text}`), ["params.k", text]);
  }
  assert.equal(keyOf("metrics.`val loss`"), "val loss");
  assert.equal(keyOf("params.k"), "k");
});

test("a column is sorted descending, ascending, and not at all", () => {
  assert.equal(nextOrder("", "metrics.a"), "metrics.a desc");
  assert.equal(nextOrder("metrics.a desc", "metrics.a"), "metrics.a");
  assert.equal(nextOrder("metrics.a", "metrics.a"), "");
  assert.equal(nextOrder("metrics.b", "metrics.a"), "metrics.a desc");
});

test("what differs includes what one side lacks", () => {
  const rows = compare([{ k: "3", seed: "42" }, { k: "3" }]);
  assert.deepEqual(
    rows.map(({ key, differs }) => [key, differs]),
    [
      ["k", false],
      ["seed", true],
    ],
  );
});

test("runs on different data are warned of, on the same data not", () => {
  const on = (sha256: string) => ({ inputs: [{ datasetVersion: `datasets/${sha256}`, sha256 }] });
  assert.deepEqual(warnings([on("a"), on("a")]), []);
  assert.match(warnings([on("a"), on("b")])[0] ?? "", /datasets\/a, datasets\/b/);
});

test("a lineage has a column for each hop of a direction, names in order", () => {
  const nodes = [
    { name: "a", hop: 0 },
    { name: "z", hop: -1 },
    { name: "c", hop: 1 },
    { name: "b", hop: 1 },
    { name: "d", hop: 3 },
  ];
  assert.deepEqual(columnsOf(nodes, false), [["b", "c"], [], ["d"]]);
  assert.deepEqual(columnsOf(nodes, true), [["z"]]);
});

test("a bar grows to the right of its threshold when it is passed and to the left when not", () => {
  assert.deepEqual(barOf(0.24, 0.04), { needed: 50, from: 50, width: (0.04 / 0.24) * 50 });
  const failed = barOf(0.19, -0.01);
  assert.ok(failed !== undefined && failed.from < 50 && failed.from + failed.width >= 50);
  assert.equal(barOf(undefined, 1), undefined);
  assert.equal(barOf(NaN, 1), undefined);
});

test("every word is looked for, in any order and case", () => {
  assert.ok(matches("Customer Segments model", "seg CUST"));
  assert.ok(!matches("Customer Segments", "segment x"));
  assert.ok(matches("anything", ""));
});

test("the highest bar of a histogram fills its box", () => {
  assert.equal(outline([1, 2], 10, 8), "M0 8L0.0 4.0L5.0 4.0L5.0 0.0L10.0 0.0L10 8Z");
});

const COUNTS = [
  { upstream: true, hop: 1, kind: "DatasetVersion", count: 1 },
  { upstream: false, hop: 1, kind: "Run", count: 50_000 },
  { upstream: false, hop: 1, kind: "ModelVersion", count: 2 },
  { upstream: false, hop: 2, kind: "ModelVersion", count: 3 },
];

test("what something led to is counted by kind, most first", () => {
  assert.equal(counted(byKind(COUNTS, false)), "50,000 runs, 5 model versions");
  assert.equal(counted(byKind(COUNTS, true)), "1 data set version");
  assert.equal(counted(byKind([], true)), "nothing");
});

test("a hop counts all kinds or one", () => {
  assert.equal(atHop(COUNTS, false, 1, ""), 50_002);
  assert.equal(atHop(COUNTS, false, 1, "ModelVersion"), 2);
  assert.equal(atHop(COUNTS, false, 3, ""), 0);
});

test("metrics stand in the order in which people ask for them, then by name", () => {
  const names = ["drift_psi_max", "inertia", "cluster_count", "silhouette"];
  assert.deepEqual(names.sort(inAskedOrder), [
    "silhouette",
    "inertia",
    "cluster_count",
    "drift_psi_max",
  ]);
});

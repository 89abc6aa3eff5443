import assert from "node:assert/strict";
import { test } from "node:test";
import { bandsOf, csvOf, pathOf, svgOf } from "../src/text/curve_files.ts";
import { curveOf } from "../src/text/curves.ts";

const curve = curveOf([
  {
    firstStep: 0n,
    lastStep: 1n,
    pointCount: 2n,
    nanCount: 0n,
    minValue: 0.1,
    meanValue: 0.1 + 0.2,
    maxValue: 0.5,
  },
  { firstStep: 2n, lastStep: 2n, pointCount: 1n, nanCount: 1n },
]);
const same = (value: number) => value;

test("a table of buckets has all digits, and nothing where there is no value", () => {
  assert.equal(
    csvOf(curve),
    "first_step,last_step,points,nan,min,mean,max\n0,1,2,0,0.1,0.30000000000000004,0.5\n2,2,1,1,,,\n",
  );
});

test("a line lifts the pen over a gap, and a point alone is a dot", () => {
  assert.equal(
    pathOf([0, 1, 2, 3], [5, 6, null, 7], same, same),
    "M0.0 5.0L1.0 6.0M3.0 7.0m-1 0h2",
  );
});

test("a band is closed before a gap", () => {
  const paths = bandsOf([0, 1, 2, 3], [1, 1, null, 1], [2, 3, null, 2], same, same);
  assert.deepEqual(paths, ["M0.0 2.0L1.0 3.0L1.0 1.0L0.0 1.0Z"]);
});

test("a picture escapes what it is called, and carries its caption", () => {
  const colours = { paper: "#fff", ink: "#000", line: "#00f", grid: "#ccc", mark: "#f00" };
  const view = { logarithmic: false, window: 0, steps: undefined };
  const svg = svgOf("<loss> & more", curve, view, colours);
  assert.match(svg, /&lt;loss&gt; &amp; more/);
  assert.match(svg, /3 points · up to 2 a pixel/);
  assert.match(svg, />✕</);
  assert.doesNotMatch(svg, /NaN"|undefined/);
});

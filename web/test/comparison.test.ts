import assert from "node:assert/strict";
import { test } from "node:test";
import {
  comparedConfession,
  comparedCurves,
  movedBy,
  nearestIndex,
  nearestLine,
} from "../src/text/compared_curves.ts";
import { curveOf } from "../src/text/curves.ts";
import { directionOf, verdictOf } from "../src/text/directions.ts";
import {
  brushBetween,
  brushByKey,
  brushText,
  lineThrough,
  nearestRun,
  parallelAxis,
  within,
} from "../src/text/parallel.ts";

test("a change is better or worse where the direction is known, and neither where not", () => {
  assert.equal(verdictOf("silhouette", 0.1), "better");
  assert.equal(verdictOf("davies_bouldin", 0.1), "worse");
  assert.equal(verdictOf("val/loss", -1), "better");
  assert.equal(verdictOf("train_accuracy", -1), "worse");
  assert.equal(verdictOf("accuracy", 0), undefined);
  assert.equal(verdictOf("accuracy", NaN), undefined);
  for (const metric of ["weight_loss_kg", "constructor", "hello"]) {
    assert.equal(directionOf(metric), undefined, metric);
  }
});

test("an axis of numbers is logarithmic where they are positive and wide", () => {
  const axis = parallelAxis("params.lr", ["0.001", "0.1", "10", undefined]);
  assert.equal(axis.numbers?.logarithmic, true);
  assert.deepEqual(
    axis.places.map((place) => place?.toFixed(2)),
    ["0.00", "0.50", "1.00", undefined],
  );
  assert.deepEqual(axis.ticks.slice(0, 2), [
    { place: 0, text: "0.001" },
    { place: 1, text: "10" },
  ]);
  assert.equal(parallelAxis("params.k", ["2", "6"]).numbers?.logarithmic, false);
});

test("an axis with a text is one of texts", () => {
  const axis = parallelAxis("params.n", ["10", "9", "auto"]);
  assert.equal(axis.numbers, undefined);
  assert.deepEqual(
    axis.ticks.map(({ text }) => text),
    ["9", "10", "auto"],
  );
  assert.deepEqual(axis.places, [0.5, 0, 1]);
  assert.deepEqual(parallelAxis("metrics.a", [NaN, undefined]).places, [undefined, undefined]);
});

test("a brush keeps the lines that pass through it", () => {
  const axes = [parallelAxis("a", [0, 5, 10]), parallelAxis("b", [0, 1, undefined])];
  assert.deepEqual(within(axes, {}, 3), [true, true, true]);
  assert.deepEqual(within(axes, { a: { low: 0.5, high: 1 } }, 3), [false, true, true]);
  const both = { a: { low: 0.5, high: 1 }, b: { low: 0, high: 1 } };
  assert.deepEqual(within(axes, both, 3), [false, true, false]);
});

test("a brush is dragged, moved by keys, and taken away", () => {
  assert.deepEqual(brushBetween(0.8, -3), { low: 0, high: 0.8 });
  assert.equal(brushBetween(0.5, 0.5), undefined);
  assert.deepEqual(brushByKey(undefined, "ArrowUp", false), { low: 0.5, high: 1 });
  assert.deepEqual(brushByKey({ low: 0.5, high: 1 }, "ArrowUp", false), { low: 0.5, high: 1 });
  assert.deepEqual(brushByKey({ low: 0, high: 0.5 }, "ArrowUp", true), { low: 0, high: 0.55 });
  assert.equal(brushByKey({ low: 0, high: 0.5 }, "Escape", false), undefined);
  const texts = parallelAxis("params.o", ["adam", "sgd"]);
  assert.equal(brushText(texts, { low: 0.5, high: 1 }), "sgd");
  assert.equal(brushText(parallelAxis("a", [0, 10]), { low: 0, high: 0.5 }), "0 to 5");
});

test("a line has a gap where a run has no value, and the nearest line is found", () => {
  const axes = [
    parallelAxis("a", [0, 10]),
    parallelAxis("b", [0, 10]),
    parallelAxis("c", [undefined, 10]),
  ];
  const x = (axis: number) => axis * 100;
  const y = (place: number) => 100 - place * 100;
  assert.equal(lineThrough(axes, 0, x, y), "M0.0 100.0L100.0 100.0");
  assert.equal(lineThrough(axes, 1, x, y), "M0.0 0.0L100.0 0.0L200.0 50.0");
  assert.equal(nearestRun(axes, { x: 50, y: 95 }, x, y), 0);
  assert.equal(nearestRun(axes, { x: 50, y: 50 }, x, y), undefined);
  assert.equal(nearestRun(axes, { x: 150, y: 99 }, x, y), undefined);
  assert.equal(nearestRun(axes, { x: -5, y: 0 }, x, y), undefined);
});

const line = (...values: number[]) =>
  curveOf(
    values.map((value, step) => ({
      firstStep: BigInt(step * 10),
      lastStep: BigInt(step * 10),
      pointCount: 1n,
      nanCount: 0n,
      minValue: value,
      meanValue: value,
      maxValue: value,
    })),
  );
const plain = { logarithmic: false, window: 0, steps: undefined };

test("curves of runs share their axes", () => {
  const chart = comparedCurves([line(0, 10), line(10, 0, 10)], plain, { width: 200, height: 100 });
  assert.deepEqual(
    chart?.lines.map(({ path }) => path),
    ["M0.0 100.0L100.0 0.0", "M0.0 0.0L100.0 100.0L200.0 0.0"],
  );
  assert.equal(chart.stepAt(100), 10);
  assert.equal(
    comparedCurves([line(-1)], { ...plain, logarithmic: true }, { width: 9, height: 9 }),
    undefined,
  );
});

test("the nearest line is the one at that height, also between its points and beyond its end", () => {
  const chart = comparedCurves([line(0, 10), line(10, 0, 10)], plain, { width: 200, height: 100 });
  const lines = chart?.lines ?? [];
  assert.deepEqual(nearestLine(lines, 20, 75), { line: 0, index: 0 });
  assert.deepEqual(nearestLine(lines, 20, 25), { line: 1, index: 0 });
  assert.deepEqual(nearestLine(lines, 190, 5), { line: 1, index: 2 });
  assert.equal(nearestLine([], 1, 1), undefined);
  assert.deepEqual(
    [-5, 4, 6, 14, 99].map((x) => nearestIndex([0, 10, 20], x)),
    [0, 0, 1, 1, 2],
  );
});

test("keys go along a line and to the next one at the same place", () => {
  const chart = comparedCurves([line(0, 10), line(10, 0, 10)], plain, { width: 200, height: 100 });
  const lines = chart?.lines ?? [];
  const from = { line: 1, index: 2 };
  assert.deepEqual(movedBy(lines, from, "ArrowRight"), from);
  assert.deepEqual(movedBy(lines, from, "ArrowLeft"), { line: 1, index: 1 });
  assert.deepEqual(movedBy(lines, from, "ArrowUp"), { line: 0, index: 1 });
  assert.deepEqual(movedBy(lines, from, "ArrowDown"), from);
});

test("a chart of many runs says that peaks are not in it", () => {
  const many = Array.from({ length: 9 }, () => line(1, NaN));
  assert.match(comparedConfession(many, 12, plain), /^9 of 12 runs · 18 points$/);
  const coarse = curveOf([
    {
      firstStep: 0n,
      lastStep: 9n,
      pointCount: 10n,
      nanCount: 2n,
      minValue: -Infinity,
      maxValue: 1,
    },
  ]);
  const said = comparedConfession([coarse], 1, { ...plain, window: 5 });
  assert.match(
    said,
    /band min to max · lines smoothed over 5 steps · 2 NaN left out · infinite at 1/,
  );
});

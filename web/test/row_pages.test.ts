import assert from "node:assert/strict";
import { test } from "node:test";
import {
  leadingRows,
  missingPages,
  PAGE_ROWS,
  pagesOf,
  rowAt,
  withRows,
  type RowPages,
} from "../src/text/row_pages.ts";

const TOTAL = 20 * PAGE_ROWS;

function page(number: number, total: number): number[] {
  const first = number * PAGE_ROWS;
  return Array.from({ length: Math.min(PAGE_ROWS, total - first) }, (_, index) => first + index);
}

function withPages(total: number, ...numbers: number[]): RowPages<number> {
  const none: RowPages<number> = { total, pages: new Map() };
  return numbers.reduce((pages, at) => withRows(pages, at, page(at, total), total), none);
}

test("a row is there once its page was read", () => {
  const pages = withPages(TOTAL, 0, 4);
  assert.equal(rowAt(pages, 3), 3);
  assert.equal(rowAt(pages, 5 * PAGE_ROWS - 1), 5 * PAGE_ROWS - 1);
  assert.equal(rowAt(pages, 2 * PAGE_ROWS), undefined);
  assert.equal(rowAt(pages, TOTAL), undefined);
});

test("one answer has the pages that it was asked for", () => {
  const rows = [...page(2, TOTAL), ...page(3, TOTAL), ...page(4, TOTAL)];
  const pages = withRows(withPages(TOTAL), 2, rows, TOTAL);
  assert.deepEqual([...pages.pages.keys()], [2, 3, 4]);
  assert.equal(rowAt(pages, 4 * PAGE_ROWS + 7), 4 * PAGE_ROWS + 7);
});

test("a window over an edge is read at once, without what is there", () => {
  const window: [number, number] = [2.5 * PAGE_ROWS, 4.5 * PAGE_ROWS];
  assert.deepEqual(missingPages(withPages(TOTAL), ...window), { first: 2, end: 5 });
  assert.deepEqual(missingPages(withPages(TOTAL, 2), ...window), { first: 3, end: 5 });
  assert.deepEqual(missingPages(withPages(TOTAL, 3), ...window), { first: 2, end: 5 });
  assert.equal(missingPages(withPages(TOTAL, 2, 3, 4), ...window), undefined);
});

test("a window of very many rows is read in pieces", () => {
  assert.deepEqual(missingPages(withPages(TOTAL), 0, TOTAL), { first: 0, end: 4 });
  assert.deepEqual(missingPages(withPages(TOTAL, 0, 1, 2, 3), 0, TOTAL), { first: 4, end: 8 });
});

test("nothing is read beyond the end, nor of an empty table", () => {
  const few = PAGE_ROWS + 10;
  assert.equal(missingPages(withPages(few, 0, 1), few - 5, few + 40), undefined);
  assert.equal(missingPages(withPages(0), 0, 40), undefined);
  assert.deepEqual(pagesOf(0, 1), { first: 0, end: 1 });
});

test("rows of a table that became longer are not mixed with those before", () => {
  const pages = withRows(withPages(TOTAL, 0, 1), 2, page(2, TOTAL + 1), TOTAL + 1);
  assert.equal(pages.total, TOTAL + 1);
  assert.equal(rowAt(pages, 0), undefined);
  assert.equal(rowAt(pages, 2 * PAGE_ROWS), 2 * PAGE_ROWS);
});

test("what is far from the window is given up first", () => {
  const all = Array.from({ length: 300 }, (_, index) => index);
  const pages = withPages(300 * PAGE_ROWS, ...all);
  assert.equal(pages.pages.size, 240);
  assert.equal(rowAt(pages, 0), undefined);
  assert.equal(rowAt(pages, 299 * PAGE_ROWS), 299 * PAGE_ROWS);
});

test("the leading rows end at the first gap", () => {
  assert.equal(leadingRows(withPages(TOTAL, 0, 1, 3)).length, 2 * PAGE_ROWS);
  assert.equal(leadingRows(withPages(TOTAL, 1)).length, 0);
});

// How many bytes the UI is, and that two builds are the same.
import { execFile } from "node:child_process";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, type Check, type Given } from "../harness/check.ts";
import { settled } from "./look.ts";

const FIRST_PAGE = 120_000;
const ALL = 250_000;

/** What the browser would be sent for the page and what it needs at once. */
async function sentAtOnce(given: Given): Promise<number> {
  const page = await (await given.newContext()).newPage();
  let sum = 0;
  page.on("response", (response) => {
    const { pathname } = new URL(response.url());
    if (pathname !== "/" && !pathname.startsWith("/assets/")) return;
    sum += Number(response.headers()["content-length"] ?? 0);
  });
  await page.setExtraHTTPHeaders({ "accept-encoding": "br" });
  await page.goto("/", { waitUntil: "load" });
  await settled(page); // the first script fetches the others
  return sum;
}

async function buildTwice(): Promise<{ brotli: number; files: number }> {
  const folder = await mkdtemp(join(tmpdir(), "ui-check-build-"));
  try {
    const read = async (name: string) => {
      await promisify(execFile)(process.execPath, ["tools/build.mjs", join(folder, name)]);
      const files = (await readdir(join(folder, name))).filter((file) => file !== "files.s").sort();
      const bytes = await Promise.all(files.map((file) => readFile(join(folder, name, file))));
      return files.map((file, index) => ({ file, bytes: bytes[index] ?? Buffer.alloc(0) }));
    };
    const [one, two] = [await read("one"), await read("two")];
    const unlike = one.filter(({ file, bytes }, i) => {
      const other = two[i];
      return other?.file !== file || !bytes.equals(other.bytes);
    });
    expect(
      unlike.length === 0 && one.length === two.length,
      `two builds differ in ${unlike.map(({ file }) => file).join(", ")}`,
    );
    const brotli = one.filter(({ file }) => file.endsWith(".br"));
    return {
      brotli: brotli.reduce((sum, { bytes }) => sum + bytes.length, 0),
      files: one.length,
    };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function run(given: Given): Promise<string> {
  const first = await sentAtOnce(given);
  const { brotli, files } = await buildTwice();
  if (given.options.dist === "") {
    expect(first > 0 && first <= FIRST_PAGE, `the first page is ${first} B, above ${FIRST_PAGE} B`);
  }
  expect(brotli <= ALL, `all of it is ${brotli} B, above ${ALL} B`);
  return `first page ${first} B, all ${brotli} B as brotli; two builds of ${files} files are equal`;
}

export const budget: Check = {
  number: 2,
  title: "the UI keeps its budget of bytes, and two builds are equal",
  short: true,
  run,
};

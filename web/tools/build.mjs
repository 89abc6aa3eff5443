// Builds the web UI: one page, its scripts and styles under names that hold their hash, each with a
// brotli and a gzip copy, and the assembler file that puts all of them into the server.
//
// usage: node tools/build.mjs OUT      (from web/, with gen/ made; OUT is replaced)
//
// Two builds of the same sources are equal, byte for byte. Fails when the UI is larger than its
// budget: the first page 120 kB and all of it 250 kB, as brotli.
import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";
import { build } from "esbuild";

const FIRST_PAGE_BYTES = 120_000;
const ALL_BYTES = 250_000;

const out = process.argv[2];
if (out === undefined) {
  console.error("usage: node tools/build.mjs OUT");
  process.exit(2);
}

const options = {
  bundle: true,
  minify: true,
  format: "esm",
  target: "es2022",
  jsx: "automatic",
  jsxImportSource: "preact",
  legalComments: "none",
  write: false,
  logLevel: "warning",
};

function hashed(name, bytes) {
  const hash = createHash("sha256").update(bytes).digest("hex").slice(0, 10);
  const dot = name.lastIndexOf(".");
  return `${name.slice(0, dot)}-${hash}${name.slice(dot)}`;
}

async function bundle(entry, define = {}) {
  const result = await build({ ...options, entryPoints: [entry], outdir: "out", define });
  return result.outputFiles.map((file) => ({
    kind: file.path.endsWith(".css") ? "css" : "js",
    bytes: Buffer.from(file.contents),
  }));
}

const files = []; // {path, type, bytes}
const TYPES = { js: "text/javascript; charset=utf-8", css: "text/css; charset=utf-8" };

function add(name, kind, bytes) {
  const path = hashed(`${name}.${kind}`, bytes);
  files.push({ path: `/assets/${path}`, type: TYPES[kind], bytes });
  return `/assets/${path}`;
}

const [worker] = await bundle("src/api/live_worker.ts");
const workerPath = add("live", "js", worker.bytes);
let script = "";
let style = "";
for (const part of await bundle("src/main.tsx", { LIVE_WORKER: JSON.stringify(workerPath) })) {
  const path = add("cairn", part.kind, part.bytes);
  if (part.kind === "css") style = path;
  else script = path;
}
const page = readFileSync("index.html", "utf8")
  .replace("STYLE", style)
  .replace("SCRIPT", script)
  .replace(/^\s+/gm, "");
files.unshift({ path: "/", type: "text/html; charset=utf-8", bytes: Buffer.from(page) });

function brotli(bytes) {
  return brotliCompressSync(bytes, {
    params: {
      [constants.BROTLI_PARAM_QUALITY]: constants.BROTLI_MAX_QUALITY,
      [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length,
    },
  });
}

rmSync(out, { recursive: true, force: true });
mkdirSync(out, { recursive: true });
const rows = [];
let total = 0;
let first = 0;
files.forEach((file, index) => {
  const forms = {
    plain: file.bytes,
    br: brotli(file.bytes),
    gz: gzipSync(file.bytes, { level: 9 }),
  };
  for (const [form, bytes] of Object.entries(forms)) {
    writeFileSync(join(out, `${index}.${form}`), bytes);
  }
  total += forms.br.length;
  if (file.path !== workerPath) first += forms.br.length;
  rows.push({ path: file.path, type: file.type, index });
  console.log(`${file.path}: ${file.bytes.length} B, brotli ${forms.br.length} B`);
});

// A table that the server reads: path, type, and where each form begins and ends.
const assembler = ['.section .rodata,"a"'];
rows.forEach(({ path, type, index }) => {
  assembler.push(`path${index}: .asciz "${path}"`, `type${index}: .asciz "${type}"`);
  for (const form of ["plain", "br", "gz"]) {
    assembler.push(
      `${form}${index}: .incbin "${join(out, `${index}.${form}`)}"`,
      `${form}${index}_end: .byte 0`,
    );
  }
});
assembler.push(
  '.section .data.rel.ro,"aw"',
  ".balign 8",
  ".globl cairn_ui_files",
  "cairn_ui_files:",
);
rows.forEach(({ index }) => {
  assembler.push(`.quad path${index}, type${index}`);
  for (const form of ["plain", "br", "gz"]) {
    assembler.push(`.quad ${form}${index}, ${form}${index}_end - ${form}${index}`);
  }
});
assembler.push(".quad 0", '.section .note.GNU-stack,"",@progbits', "");
writeFileSync(join(out, "files.s"), assembler.join("\n"));
writeFileSync(join(out, "files.json"), JSON.stringify(rows));

console.log(
  `first page ${first} B of ${FIRST_PAGE_BYTES}, all ${total} B of ${ALL_BYTES} (brotli)`,
);
if (first > FIRST_PAGE_BYTES || total > ALL_BYTES) {
  console.error("the web UI is larger than its budget");
  process.exit(1);
}

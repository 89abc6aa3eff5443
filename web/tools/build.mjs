// Builds the web UI: one page, its scripts and styles under names that hold their hash, each with a
// brotli and a gzip copy, and the assembler file that puts all of them into the server.
//
// usage: node tools/build.mjs OUT      (from web/, with gen/ made; OUT is replaced)
//
// Two builds of the same sources are equal, byte for byte. Fails when the UI is larger than its
// budget: the first page 120 kB and all of it 250 kB, as brotli.
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
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
  splitting: true,
  format: "esm",
  target: "es2022",
  jsx: "automatic",
  jsxImportSource: "preact",
  legalComments: "none",
  outdir: "assets",
  publicPath: "/assets",
  entryNames: "[name]-[hash]",
  chunkNames: "part-[hash]",
  metafile: true,
  external: ["/assets/*"], // other bundles, by the paths that they were given
  write: false,
  logLevel: "warning",
};

const TYPES = { js: "text/javascript; charset=utf-8", css: "text/css; charset=utf-8" };

/** What one entry becomes: its files, and the addresses of those that are needed at once. */
async function bundle(entry, define = {}) {
  const result = await build({ ...options, entryPoints: [entry], define });
  const { outputs } = result.metafile;
  const files = result.outputFiles.map(({ path, contents }) => {
    const name = basename(path);
    return {
      path: `/assets/${name}`,
      type: TYPES[name.split(".").at(-1)],
      bytes: Buffer.from(contents),
    };
  });
  const [main] = Object.entries(outputs).find(([, { entryPoint }]) => entryPoint === entry);
  const atOnce = new Set([main]);
  for (const output of atOnce) {
    for (const { path, kind } of outputs[output].imports) {
      if (kind === "import-statement") atOnce.add(path);
    }
    if (outputs[output].cssBundle !== undefined) atOnce.add(outputs[output].cssBundle);
  }
  return {
    files,
    main: `/${main}`,
    atOnce: new Set([...atOnce].map((path) => `/${path}`)),
  };
}

const worker = await bundle("src/api/live_worker.ts");
const ui = await bundle("src/main.tsx", { LIVE_WORKER: JSON.stringify(worker.main) });
// The browser fetches them, and reads them beside the page, before the first script asks for them.
const preloads = [...ui.atOnce].filter((path) => path.endsWith(".js"));
const start = await bundle("src/start.ts", {
  MAIN: JSON.stringify(ui.main),
  PRELOADS: JSON.stringify(preloads),
});
const atOnce = new Set([...start.atOnce, ...ui.atOnce]);
// In the page itself: nothing can be painted before it is there.
const style = ui.files.find(({ path }) => path.endsWith(".css"));
const page = readFileSync("index.html", "utf8")
  .replace("SCRIPT", start.main)
  .replace(/^\s+/gm, "")
  .replace(/\s*STYLE\s*/, () => style.bytes.toString().trim());
const files = [
  { path: "/", type: "text/html; charset=utf-8", bytes: Buffer.from(page) },
  ...[...worker.files, ...start.files, ...ui.files]
    .filter((file) => file !== style)
    .sort((a, b) => (a.path < b.path ? -1 : 1)),
];

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
  if (file.path === "/" || atOnce.has(file.path)) first += forms.br.length;
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

// Makes the types and services of the API from its protos, into gen/.
//
// usage: node tools/protos.mjs PROTO_DIR GOOGLE_DIR      (protoc from the PATH)
//
// What a browser needs of a descriptor are names, types and whether a method only reads. Options for
// servers and generators are left out, and with them the files that define them: a page reads every
// descriptor of its services before it can ask anything.
import { execFileSync } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import {
  CodeGeneratorRequestSchema,
  CodeGeneratorResponseSchema,
  FileDescriptorSetSchema,
} from "@bufbuild/protobuf/wkt";

const OUT = "gen";
const OPTIONS = "target=ts,import_extension=ts";

const [protos, google] = process.argv.slice(2);
if (protos === undefined || google === undefined) {
  console.error("usage: node tools/protos.mjs PROTO_DIR GOOGLE_DIR");
  process.exit(2);
}

function described(files) {
  const set = join(OUT, "set.pb");
  const paths = [`--proto_path=${protos}`, `--proto_path=${google}`];
  const args = ["--include_imports", "--include_source_info", `--descriptor_set_out=${set}`];
  execFileSync("protoc", [...paths, ...args, ...files], { stdio: "inherit" });
  const { file } = fromBinary(FileDescriptorSetSchema, readFileSync(set));
  rmSync(set);
  return file;
}

/** Takes out options that descriptor.proto does not know itself, wherever they stand in a file. */
function dropCustomOptions(node) {
  if (Array.isArray(node)) node.forEach(dropCustomOptions);
  if (typeof node !== "object" || node === null || node instanceof Uint8Array) return;
  for (const [key, value] of Object.entries(node)) {
    if (key === "options" && value !== undefined) delete value.$unknown;
    if (key !== "sourceCodeInfo") dropCustomOptions(value);
  }
}

/** Full names of types, ".google.rpc.Status", that something in a file is of. */
function typesUsed(node, found = new Set()) {
  if (Array.isArray(node)) node.forEach((item) => typesUsed(item, found));
  if (typeof node !== "object" || node === null || node instanceof Uint8Array) return found;
  for (const [key, value] of Object.entries(node)) {
    if (["typeName", "inputType", "outputType"].includes(key) && value !== "") found.add(value);
    else if (key !== "sourceCodeInfo") typesUsed(value, found);
  }
  return found;
}

function typesOf(file) {
  const within = (scope, messages) =>
    messages.flatMap(({ name, nestedType, enumType }) => [
      `${scope}.${name}`,
      ...enumType.map((one) => `${scope}.${name}.${one.name}`),
      ...within(`${scope}.${name}`, nestedType),
    ]);
  const scope = `.${file.package}`;
  return [
    ...within(scope, file.messageType),
    ...file.enumType.map(({ name }) => `${scope}.${name}`),
  ];
}

/** The files that those of our own need, without what only options needed. */
function slim(files) {
  const home = new Map(files.flatMap((file) => typesOf(file).map((type) => [type, file.name])));
  for (const file of files) {
    dropCustomOptions(file);
    file.extension = [];
    const needed = new Set([...typesUsed(file)].map((type) => home.get(type)));
    file.dependency = file.dependency.filter((name) => needed.has(name));
    file.publicDependency = [];
    file.weakDependency = [];
  }
  const byName = new Map(files.map((file) => [file.name, file]));
  const kept = new Set();
  const keep = (name) => {
    if (kept.has(name)) return;
    byName.get(name).dependency.forEach(keep);
    kept.add(name); // behind what it needs
  };
  for (const { name } of files) {
    const isOurs = name.startsWith("cairn/") && !name.endsWith("/method_options.proto");
    if (isOurs || name === "google/rpc/error_details.proto") keep(name);
  }
  return [...kept].map((name) => byName.get(name));
}

function generate(files) {
  const request = create(CodeGeneratorRequestSchema, {
    parameter: OPTIONS,
    protoFile: files,
    // Well-known types come with the runtime.
    fileToGenerate: files
      .map(({ name }) => name)
      .filter((name) => !name.startsWith("google/protobuf/")),
  });
  const answer = execFileSync("node_modules/.bin/protoc-gen-es", {
    input: toBinary(CodeGeneratorRequestSchema, request),
    maxBuffer: 1 << 28,
  });
  const { error, file } = fromBinary(CodeGeneratorResponseSchema, answer);
  if (error) throw new Error(error);
  for (const { name, content } of file) {
    mkdirSync(dirname(join(OUT, name)), { recursive: true });
    writeFileSync(join(OUT, name), content);
  }
}

rmSync(OUT, { recursive: true, force: true });
mkdirSync(OUT);
const own = readdirSync(`${protos}/cairn/v1`).map((file) => `cairn/v1/${file}`);
generate(slim(described([...own, "google/rpc/error_details.proto"])));

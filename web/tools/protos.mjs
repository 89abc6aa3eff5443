// Makes the types and services of the API from its protos, into gen/.
//
// usage: node tools/protos.mjs PROTO_DIR GOOGLE_DIR      (protoc from the PATH)
import { execFileSync } from "node:child_process";
import { mkdirSync, readdirSync, rmSync } from "node:fs";

const [protos, google] = process.argv.slice(2);
if (protos === undefined || google === undefined) {
  console.error("usage: node tools/protos.mjs PROTO_DIR GOOGLE_DIR");
  process.exit(2);
}
rmSync("gen", { recursive: true, force: true });
mkdirSync("gen");
execFileSync(
  "protoc",
  [
    `--proto_path=${protos}`,
    `--proto_path=${google}`,
    "--plugin=protoc-gen-es=node_modules/.bin/protoc-gen-es",
    "--es_out=gen",
    "--es_opt=target=ts,import_extension=ts",
    ...readdirSync(`${protos}/cairn/v1`).map((file) => `cairn/v1/${file}`),
    ...["api/annotations", "api/client", "api/field_behavior", "api/http", "api/launch_stage"].map(
      (file) => `google/${file}.proto`,
    ),
    "google/longrunning/operations.proto",
    "google/rpc/error_details.proto",
    "google/rpc/status.proto",
  ],
  { stdio: "inherit" },
);

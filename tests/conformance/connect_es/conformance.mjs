// Calls every method of a server with Connect's own client, by JSON and by protobuf, and checks what
// comes back: an answer that parses, or an error with a code of Connect and our ErrorInfo.
//
// usage: node conformance.mjs DESCRIPTORS HTTP_URL GRPC_URL TOKEN_FILE [--streams]
//
// DESCRIPTORS is a FileDescriptorSet with all imports; the server runs with --auth and has no data.
// Methods are taken from the descriptors, so a new one is called without a change here. The same
// cases go over gRPC too: what holds there is what the cases are right about. Where the server does
// not serve streams over HTTP their cases are left out; with --streams that is a failure.
import assert from "node:assert/strict";
import { createHash, randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import { createFileRegistry, fromBinary, toBinary } from "@bufbuild/protobuf";
import { FileDescriptorSetSchema, MethodOptions_IdempotencyLevel } from "@bufbuild/protobuf/wkt";
import { Code, ConnectError, createClient } from "@connectrpc/connect";
import { createConnectTransport, createGrpcTransport } from "@connectrpc/connect-node";

const [descriptors, httpUrl, grpcUrl, tokenFile, ...flags] = process.argv.slice(2);
const token = readFileSync(tokenFile, "utf8").trim();
const files = createFileRegistry(
  fromBinary(FileDescriptorSetSchema, readFileSync(descriptors)),
);
const errorInfo = files.getMessage("google.rpc.ErrorInfo");
const services = [...files].filter(
  (one) =>
    one.kind === "service" &&
    (one.typeName.startsWith("cairn.v1.") || one.typeName === "google.longrunning.Operations"),
);

const withToken = (value) => (next) => (request) => {
  if (value) request.header.set("authorization", `Bearer ${value}`);
  return next(request);
};

const transportOf = ({ grpc, ...options }, value = token) => {
  const common = {
    jsonOptions: { registry: files }, // of what an Any holds
    interceptors: [withToken(value)],
    ...options,
  };
  return grpc
    ? createGrpcTransport({ ...common, baseUrl: grpcUrl })
    : createConnectTransport({ ...common, baseUrl: httpUrl, httpVersion: "1.1" });
};

const ways = [
  { name: "json", useBinaryFormat: false },
  { name: "protobuf", useBinaryFormat: true },
  { name: "json by GET", useBinaryFormat: false, useHttpGet: true },
  { name: "protobuf by GET", useBinaryFormat: true, useHttpGet: true },
  { name: "gRPC", useBinaryFormat: true, grpc: true },
];

let passed = 0;
let failed = 0;
const leftOut = [];

async function check(name, run) {
  try {
    await run();
    passed += 1;
  } catch (error) {
    failed += 1;
    console.log(`connect: ${name}: ${error.stack ?? error}`);
  }
}

// An error as every refusal of the server has to be; returns its reason.
function reasonOf(error) {
  assert(error instanceof ConnectError, `not an error of Connect: ${error}`);
  assert(Code[error.code] !== undefined, `unknown code ${error.code}`);
  const details = error.findDetails(errorInfo);
  assert.equal(details.length, 1, `details of ${error.message}`);
  assert.notEqual(details[0].reason, "");
  assert.notEqual(details[0].domain, "");
  return details[0].reason;
}

async function refusal(call) {
  try {
    await call();
  } catch (error) {
    return { code: Code[ConnectError.from(error).code], reason: reasonOf(error) };
  }
  assert.fail("the call was not refused");
}

// An empty request to every unary method. Most refuse it, by naming the field that is missing.
async function everyUnaryMethod(way) {
  const transport = transportOf(way);
  for (const service of services) {
    const client = createClient(service, transport);
    for (const method of service.methods.filter((one) => one.methodKind === "unary")) {
      const reads = method.idempotency === MethodOptions_IdempotencyLevel.NO_SIDE_EFFECTS;
      if (way.useHttpGet && !reads) continue;
      await check(`${way.name}: ${service.typeName}/${method.name}`, async () => {
        try {
          const answer = await client[method.localName]({}, { timeoutMs: 20_000 });
          assert.equal(answer.$typeName, method.output.typeName);
        } catch (error) {
          reasonOf(error);
          assert(![Code.Unimplemented, Code.Internal, Code.Unknown].includes(error.code), `${error}`);
        }
      });
    }
  }
}

const serviceOf = (name) => files.getService(`cairn.v1.${name}`);
const points = { key: "loss", steps: [1n, 2n, 3n], values: [1.5, NaN, Infinity] };

// A run with a curve; its resource name.
async function logRun(way) {
  const tracking = createClient(serviceOf("TrackingService"), transportOf(way));
  const run = await tracking.createRun({
    parent: "experiments/0",
    run: { displayName: `by ${way.name} "ö€😀" <b>` },
    requestId: randomUUID(),
  });
  await tracking.logBatch({ run: run.name, params: { k: "4" }, metrics: [points] });
  return run.name;
}

const digestOf = (bytes) => ({
  sha256: createHash("sha256").update(bytes).digest("hex"),
  sizeBytes: BigInt(bytes.length),
});

// What was written by one codec is read alike by all.
async function journey(way) {
  const name = await logRun(way);
  const runs = [];
  for (const reading of ways) {
    const tracking = createClient(serviceOf("TrackingService"), transportOf(reading));
    runs.push(await tracking.getRun({ name }));
  }
  const expected = toBinary(serviceOf("TrackingService").method.getRun.output, runs[0]);
  for (const run of runs) {
    assert.deepEqual(toBinary(serviceOf("TrackingService").method.getRun.output, run), expected);
  }
  assert.equal(runs[0].displayName, `by ${way.name} "ö€😀" <b>`);
  assert.equal(runs[0].params.k, "4");
  const artifacts = createClient(serviceOf("ArtifactService"), transportOf(way));
  const data = Uint8Array.from({ length: 1000 }, (_, i) => (i * 7) % 256);
  const digest = digestOf(data);
  await artifacts.batchUpdateBlobs({ entries: [{ digest, data }] });
  const read = await artifacts.batchReadBlobs({ digests: [digest] });
  assert.deepEqual(Buffer.from(read.results[0].data), Buffer.from(data));
}

async function errors(way) {
  const of = (value, options = {}) =>
    createClient(serviceOf("TrackingService"), transportOf({ ...way, ...options }, value));
  assert.deepEqual(await refusal(() => of("").getExperiment({ name: "experiments/0" })), {
    code: "Unauthenticated",
    reason: "TOKEN_MISSING",
  });
  assert.equal(
    (await refusal(() => of("nonsense").getExperiment({ name: "experiments/0" }))).code,
    "Unauthenticated",
  );
  assert.equal(
    (await refusal(() => of(token).getExperiment({ name: "experiments/4711" }))).code,
    "NotFound",
  );
  assert.equal((await refusal(() => of(token).getExperiment({ name: "x" }))).code, "InvalidArgument");
  await assert.rejects(
    of(token).getExperiment({ name: "experiments/0" }, { signal: AbortSignal.abort() }),
    (error) => error.code === Code.Canceled,
  );
}

const first = async (stream) => {
  for await (const one of stream) return one;
  assert.fail("the stream is empty");
};

// Streams of answers, of requests, and of both.
const streams = {
  "WatchService/WatchChannels": async (way) => {
    const watch = createClient(serviceOf("WatchService"), transportOf(way));
    const response = await first(watch.watchChannels({ heartbeat: { seconds: 0n, nanos: 200_000_000 } }));
    assert.equal(response.channels.length, 0);
  },
  "WatchService/Watch": async (way) => {
    const name = await logRun(way);
    const watch = createClient(serviceOf("WatchService"), transportOf(way));
    for await (const one of watch.watch({ startRevision: 1n, resources: [name] })) {
      if (one.events.length > 0) return;
    }
    assert.fail("no event came");
  },
  "TrackingService/ReadMetrics": async (way) => {
    const name = await logRun(way);
    const tracking = createClient(serviceOf("TrackingService"), transportOf(way));
    const steps = [];
    const values = [];
    for await (const part of tracking.readMetrics({ run: name, key: "loss" })) {
      steps.push(...(part.columns?.steps ?? []));
      values.push(...(part.columns?.values ?? []));
    }
    assert.deepEqual(steps, points.steps);
    assert.deepEqual(values, points.values);
  },
  "TrackingService/ReadMetrics, refused": async (way) => {
    const tracking = createClient(serviceOf("TrackingService"), transportOf(way));
    const refused = await refusal(() => first(tracking.readMetrics({ run: "x", key: "loss" })));
    assert.equal(refused.code, "InvalidArgument");
  },
  "ArtifactService/Write and Read": async (way) => {
    const artifacts = createClient(serviceOf("ArtifactService"), transportOf(way));
    const data = Uint8Array.from({ length: 600_000 }, (_, i) => (i * 31 + way.name.length) % 251);
    const digest = digestOf(data);
    const resourceName = `uploads/${randomUUID()}/blobs/${digest.sha256}/${digest.sizeBytes}`;
    const parts = (async function* () {
      for (let at = 0; at < data.length; at += 262_144) {
        const end = Math.min(at + 262_144, data.length);
        yield {
          resourceName,
          writeOffset: BigInt(at),
          data: data.subarray(at, end),
          finishWrite: end === data.length,
        };
      }
    })();
    assert.equal((await artifacts.write(parts)).committedSizeBytes, digest.sizeBytes);
    const read = [];
    for await (const part of artifacts.read({ digest })) read.push(part.data);
    assert.deepEqual(new Uint8Array(Buffer.concat(read)), data);
  },
  "ArtifactService/Write, refused": async (way) => {
    const artifacts = createClient(serviceOf("ArtifactService"), transportOf(way));
    const parts = (async function* () {
      yield { resourceName: "nonsense", finishWrite: true };
    })();
    assert.equal((await refusal(() => artifacts.write(parts))).code, "InvalidArgument");
  },
  // All is sent before the first answer is read: HTTP/1.1 has one direction at a time.
  "TrackingService/LogMetrics": async (way) => {
    const name = await logRun(way);
    const tracking = createClient(serviceOf("TrackingService"), transportOf(way));
    const batches = (async function* () {
      for (const number of [1n, 2n, 3n]) {
        yield {
          run: name,
          batchNumber: number,
          writerId,
          metrics: [{ key: "stream", steps: [number], values: [0.5] }],
        };
      }
    })();
    const writerId = randomUUID();
    let acknowledged = 0n;
    for await (const answer of tracking.logMetrics(batches)) {
      acknowledged = answer.acknowledgedBatchNumber;
    }
    assert.equal(acknowledged, 3n);
  },
};

// Whether the server has streams at all: one that has none answers as to a unary call, so that the
// client knows its HTTP status only.
async function hasStreams() {
  const watch = createClient(serviceOf("WatchService"), transportOf(ways[1]));
  try {
    await first(watch.watchChannels({}));
    return true;
  } catch (error) {
    return error.code !== Code.Unimplemented && error.rawMessage !== "HTTP 501";
  }
}

const served = await hasStreams();
for (const way of ways) {
  await everyUnaryMethod(way);
  if (!way.useHttpGet) await check(`${way.name}: a journey`, () => journey(way));
  await check(`${way.name}: errors`, () => errors(way));
  if (way.useHttpGet) continue;
  for (const [name, run] of Object.entries(streams)) {
    if (way.grpc || served || flags.includes("--streams")) {
      await check(`${way.name}: ${name}`, () => run(way));
    } else {
      leftOut.push(`${way.name}: ${name}`);
    }
  }
}
if (leftOut.length > 0) {
  console.log(`connect: ${leftOut.length} cases left out: the server answers streams with unimplemented`);
}
console.log(`connect: ${passed} cases of Connect's own client hold, ${failed} do not`);
process.exit(failed === 0 && passed > 0 ? 0 : 1);

// One stream of changes for all tabs of a browser: the shared worker that holds it, resumes it from
// the last revision when it breaks, and says so.
import { Code, ConnectError, createClient } from "@connectrpc/connect";
import { createConnectTransport } from "@connectrpc/connect-web";
import { Event_Kind, type Event } from "../../gen/cairn/v1/events_pb.ts";
import { WatchService } from "../../gen/cairn/v1/watch_pb.ts";
import type { Change, LiveState, ToTab, ToWorker } from "./live_protocol.ts";

const FIRST_WAIT_MILLIS = 200;
const LONGEST_WAIT_MILLIS = 5_000;
const HEARTBEAT_SECONDS = 10n;

interface Port {
  postMessage(message: ToTab): void;
}

const ports = new Set<Port>();
let token = "";
let revision = 0n;
let state: LiveState = "connecting";
let since = Date.now();
let stream: AbortController | undefined;
let running = false;

function tell(message: ToTab): void {
  for (const port of ports) port.postMessage(message);
}

function stateMessage(): ToTab {
  return { type: "state", state, revision: revision.toString(), since };
}

function enter(next: LiveState): void {
  if (next !== state) since = Date.now();
  state = next;
  tell(stateMessage());
}

function changeOf(event: Event): Change {
  const time = event.commitTime;
  return {
    revision: event.revision.toString(),
    kind: Event_Kind[event.kind],
    resource: event.resource,
    principal: event.principal,
    time: time === undefined ? 0 : Number(time.seconds) * 1000 + time.nanos / 1e6,
    relisted: false,
  };
}

function relisted(): Change {
  const at = Date.now();
  return { revision: "0", kind: "", resource: "", principal: "", time: at, relisted: true };
}

// Forgets how far it was: the next stream begins at the server's newest revision.
function beginAnew(): void {
  revision = 0n;
}

async function readStream(aborted: AbortSignal): Promise<void> {
  const transport = createConnectTransport({ baseUrl: location.origin, useBinaryFormat: true });
  const headers = token === "" ? {} : { Authorization: `Bearer ${token}` };
  const watch = createClient(WatchService, transport);
  const request = {
    startRevision: revision === 0n ? 0n : revision + 1n,
    heartbeat: { seconds: HEARTBEAT_SECONDS, nanos: 0 },
  };
  for await (const message of watch.watch(request, { headers, signal: aborted })) {
    if (message.oldestRevision > 0n) {
      beginAnew(); // it no longer keeps what came after ours
      return;
    }
    const first = revision === 0n;
    // Of a fragment the rest follows: whoever resumes must be told all of its revision.
    if (!message.fragment) revision = message.revision;
    enter("live");
    // What pages read before the stream began may be old.
    if (first) tell({ type: "changes", changes: [relisted()] });
    if (message.events.length > 0) {
      tell({ type: "changes", changes: message.events.map(changeOf) });
    }
  }
}

// Reads streams one after the other for as long as somebody listens.
async function run(): Promise<void> {
  if (running) return;
  running = true;
  let wait = FIRST_WAIT_MILLIS;
  while (ports.size > 0) {
    const begun = Date.now();
    stream = new AbortController();
    try {
      await readStream(stream.signal);
    } catch (error) {
      const { code } = ConnectError.from(error);
      if (code === Code.InvalidArgument) beginAnew(); // another store: our revision is to come
      if (code === Code.Unauthenticated || code === Code.PermissionDenied) {
        enter("refused");
        break; // until somebody signs in
      }
    }
    if (ports.size === 0) break;
    enter("broken");
    if (Date.now() - begun > LONGEST_WAIT_MILLIS) wait = FIRST_WAIT_MILLIS;
    await new Promise((resume) => setTimeout(resume, wait * (0.5 + Math.random())));
    wait = Math.min(2 * wait, LONGEST_WAIT_MILLIS);
  }
  running = false;
}

function hear(port: Port, message: ToWorker): void {
  if (message.type === "bye") {
    ports.delete(port);
    if (ports.size === 0) stream?.abort();
    return;
  }
  ports.add(port);
  port.postMessage(stateMessage());
  if (message.token !== token) {
    token = message.token;
    stream?.abort();
  }
  void run();
}

self.addEventListener("connect", (event) => {
  const port = (event as MessageEvent).ports[0];
  if (port === undefined) return;
  port.onmessage = ({ data }) => hear(port, data as ToWorker);
});

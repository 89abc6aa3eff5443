// Very many changes a second, from as few cycles as can be: the browser that is timed beside them
// shares the machine.
import { connect, type Socket } from "node:net";

const TICK_MILLIS = 10;
const ANSWER = "HTTP/1.1 200";

/** One connection that sends one request again and again, the next when the last was answered. */
class Writer {
  answered = 0;
  private owed = 0; // requests to be sent
  private waits = false;
  private failed: Error | undefined;
  private readonly socket: Socket;

  constructor(
    url: URL,
    private readonly request: Buffer,
  ) {
    this.socket = connect(Number(url.port), url.hostname);
    this.socket.setNoDelay(true);
    // An answer of a few bytes comes in one piece; one in two would begin no second time.
    this.socket.on("data", (bytes) => this.heard(bytes.toString("latin1")));
    this.socket.on("error", (error) => (this.failed = error));
  }

  owe(): void {
    if (this.failed !== undefined) throw this.failed;
    this.owed++;
    if (!this.waits) this.send();
  }

  end(): void {
    this.socket.destroy();
  }

  private heard(text: string): void {
    if (text.startsWith(ANSWER)) {
      this.answered++;
      this.waits = false;
      if (this.owed > 0) this.send();
    } else if (text.startsWith("HTTP/")) {
      this.failed = new Error(text.slice(0, 300));
    }
  }

  private send(): void {
    this.owed--;
    this.waits = true;
    this.socket.write(this.request);
  }
}

/** A call of `method`, as JSON, as the bytes that a connection carries. */
function requestOf(url: URL, method: string, message: unknown): Buffer {
  const body = JSON.stringify(message);
  const head = [
    `POST /${method} HTTP/1.1`,
    `Host: ${url.host}`,
    "Content-Type: application/json",
    `Content-Length: ${Buffer.byteLength(body)}`,
  ];
  return Buffer.from(`${head.join("\r\n")}\r\n\r\n${body}`);
}

/**
 * Sends each message from a connection of its own, `rate` calls a second in all, for `seconds`.
 * What the server cannot take in time waits; the number of calls that were answered is returned.
 * Throws for an answer that is none of 200.
 */
export async function writeSteadily(
  address: string,
  method: string,
  messages: unknown[],
  rate: number,
  seconds: number,
): Promise<number> {
  const url = new URL(address);
  const writers = messages.map((message) => new Writer(url, requestOf(url, method, message)));
  const begin = Date.now();
  let owed = 0;
  try {
    for (let passed = 0; passed < seconds * 1000; passed = Date.now() - begin) {
      const due = Math.floor((passed * rate) / 1000);
      for (; owed < due; owed++) writers[owed % writers.length]?.owe();
      await new Promise((resume) => setTimeout(resume, TICK_MILLIS));
    }
    return writers.reduce((sum, writer) => sum + writer.answered, 0);
  } finally {
    for (const writer of writers) writer.end();
  }
}

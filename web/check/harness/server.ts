// A server of our own, on ports that it picks, and the programs that talk to it.
import { execFile, spawn, type ChildProcess } from "node:child_process";
import { createInterface } from "node:readline";
import { promisify } from "node:util";

const run = promisify(execFile);
/** The policy refused, could not tell, or could not be evaluated: that is an answer. */
const DECIDED = [6, 7, 11];
const MOST_OUTPUT = 256 * 1024 * 1024;

/** Processes that are still ours to stop. */
const started = new Set<ChildProcess>();

export function stopAll(): void {
  for (const child of started) child.kill("SIGKILL");
}

/** Starts a program that prints one line when it serves, and gives that line. */
async function startUntilLine(
  command: string,
  args: string[],
): Promise<{ child: ChildProcess; line: string }> {
  const child = spawn(command, args, { stdio: ["ignore", "pipe", "pipe"] });
  started.add(child);
  child.on("exit", () => started.delete(child));
  let log = "";
  child.stderr.on("data", (part: Buffer) => (log = (log + part.toString()).slice(-2000)));
  const line = await new Promise<string>((resolve, reject) => {
    createInterface(child.stdout).once("line", resolve);
    child.once("error", reject);
    child.once("exit", () => reject(new Error(`${command} ended before it served: ${log}`)));
  });
  return { child, line };
}

async function ended(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = new Promise((resolve) => child.once("exit", resolve));
  child.kill(signal);
  await gone;
}

export class Server {
  grpc = "127.0.0.1:0";
  http = "127.0.0.1:0";
  private child: ChildProcess | undefined;
  private front: ChildProcess | undefined;
  private page: string | undefined;

  constructor(
    readonly bin: string,
    readonly store: string,
  ) {}

  /** Starts it, again on the same ports if it had some. */
  async start(): Promise<void> {
    const ports = ["--grpc-address", this.grpc, "--http-address", this.http];
    const args = ["--data-dir", this.store, ...ports, "--log-level", "error"];
    const { child, line } = await startUntilLine(`${this.bin}/cairnd`, args);
    const [, grpc, http] = /^ready grpc=(\S+) http=(\S+)/.exec(line) ?? [];
    if (grpc === undefined || http === undefined) throw new Error(`cairnd said "${line}"`);
    this.child = child;
    this.grpc = grpc;
    this.http = http;
  }

  /** Serves the UI in `dist` in front of it. */
  async serveUi(dist: string): Promise<void> {
    const args = ["tools/serve.mjs", dist, this.api];
    const { child, line } = await startUntilLine(process.execPath, args);
    this.front = child;
    this.page = line.replace("ready ", "");
  }

  /** Where the API is. */
  get api(): string {
    return `http://${this.http}`;
  }

  /** Where the UI is. */
  get ui(): string {
    return this.page ?? this.api;
  }

  /** Starts it again where a check left it dead. */
  async revive(): Promise<void> {
    if (this.child?.exitCode === null && this.child.signalCode === null) return;
    await this.start();
  }

  /** As a machine that loses its power would. */
  async kill(): Promise<void> {
    if (this.child !== undefined) await ended(this.child, "SIGKILL");
  }

  async stop(): Promise<void> {
    if (this.front !== undefined) await ended(this.front, "SIGTERM");
    if (this.child !== undefined) await ended(this.child, "SIGTERM");
  }

  /** What `mlctl` prints, also where it ends with an answer like "refused". */
  async mlctl(...args: string[]): Promise<string> {
    return (await this.program("mlctl", ["--server", this.grpc, "--no-input", ...args])).stdout;
  }

  /** Gives `lines` to `mlctl` on its standard input. */
  async feed(args: string[], lines: Iterable<string>): Promise<void> {
    const child = spawn(`${this.bin}/mlctl`, ["--server", this.grpc, ...args], {
      stdio: ["pipe", "ignore", "pipe"],
    });
    started.add(child);
    let log = "";
    child.stderr.on("data", (part: Buffer) => (log = (log + part.toString()).slice(-2000)));
    const gone = new Promise<number | null>((resolve) => child.once("exit", resolve));
    for (const part of lines) {
      if (!child.stdin.write(part)) {
        await new Promise((resolve) => child.stdin.once("drain", resolve));
      }
    }
    child.stdin.end();
    const code = await gone;
    started.delete(child);
    if (code !== 0) throw new Error(`mlctl ${args.join(" ")}: ${log}`);
  }

  async program(name: string, args: string[]): Promise<{ stdout: string; code: number }> {
    try {
      const { stdout } = await run(`${this.bin}/${name}`, args, { maxBuffer: MOST_OUTPUT });
      return { stdout, code: 0 };
    } catch (error) {
      const { stdout, stderr, code } = error as { stdout: string; stderr: string; code: unknown };
      if (typeof code === "number" && DECIDED.includes(code)) return { stdout, code };
      throw new Error(`${name} ${args.join(" ")} ended with ${String(code)}: ${stderr}`);
    }
  }
}

// MLflow's own server with runs in it, to be measured beside ours by the same script.
import { execFile, spawn, type ChildProcess } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { promisify } from "node:util";
import { until } from "./check.ts";

const RUNS = 1_000;
const START_MILLIS = 90_000;

/** Where `scripts/install-deps --mlflow` puts it, or what MLFLOW names. */
function program(): string | undefined {
  const places = [process.env["MLFLOW"] ?? "", "../.deps/mlflow/mlflow.sh"];
  const found = places.find((place) => place !== "" && existsSync(place));
  return found === undefined ? undefined : resolve(found);
}

async function freePort(): Promise<number> {
  return new Promise((found, reject) => {
    const probe = createServer();
    probe.once("error", reject);
    probe.listen(0, "127.0.0.1", () => {
      const address = probe.address();
      const port = typeof address === "object" && address !== null ? address.port : 0;
      probe.close(() => found(port));
    });
  });
}

async function post(base: string, path: string, body: unknown): Promise<unknown> {
  const answer = await fetch(`${base}/api/2.0/mlflow/${path}`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  });
  if (!answer.ok) throw new Error(`MLflow answers ${path} with ${answer.status}`);
  return answer.json();
}

/** As many columns as our table shows. */
async function fill(base: string): Promise<void> {
  for (let index = 0; index < RUNS; index++) {
    const made = (await post(base, "runs/create", {
      experiment_id: "0",
      start_time: Date.now(),
      run_name: `run ${index}`,
    })) as { run: { info: { run_id: string } } };
    const run_id = made.run.info.run_id;
    const timestamp = Date.now();
    const keys = ["loss", "accuracy", "silhouette", "inertia", "measure_4", "measure_5"];
    await post(base, "runs/log-batch", {
      run_id,
      metrics: keys.map((key, of) => ({
        key,
        value: ((index + of) % 97) / 97,
        timestamp,
        step: 0,
      })),
      params: ["k", "seed", "scaling", "rate"].map((key) => ({ key, value: String(index % 9) })),
    });
  }
}

export class Mlflow {
  readonly runs = RUNS;

  private constructor(
    readonly base: string,
    readonly version: string,
    private readonly child: ChildProcess,
    private readonly folder: string,
  ) {}

  /** Undefined where it is not installed. */
  static async start(): Promise<Mlflow | undefined> {
    const mlflow = program();
    if (mlflow === undefined) return undefined;
    const { stdout } = await promisify(execFile)(mlflow, ["--version"]);
    const folder = await mkdtemp(join(tmpdir(), "mlflow-"));
    const port = await freePort();
    const store = ["--backend-store-uri", `sqlite:///${folder}/store.db`];
    const where = ["--host", "127.0.0.1", "--port", String(port), "--workers", "1"];
    const child = spawn(mlflow, ["server", ...where, ...store], {
      cwd: folder,
      stdio: "ignore",
      detached: true, // so that its workers end with it
    });
    const version = /[\d.]+/.exec(stdout)?.[0] ?? "?";
    const started = new Mlflow(`http://127.0.0.1:${port}`, version, child, folder);
    try {
      const healthy = () =>
        fetch(`${started.base}/health`).then(
          ({ ok }) => ok,
          () => false,
        );
      await until("MLflow serves", healthy, START_MILLIS);
      await fill(started.base);
    } catch (error) {
      await started.stop();
      throw error;
    }
    return started;
  }

  async stop(): Promise<void> {
    const { pid } = this.child;
    if (pid !== undefined && this.child.exitCode === null) {
      const gone = new Promise((ended) => this.child.once("exit", ended));
      process.kill(-pid, "SIGTERM");
      await gone;
    }
    await rm(this.folder, { recursive: true, force: true });
  }
}

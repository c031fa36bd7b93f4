// The node's side of one tensor worker process: spawn, checked messages, heartbeat and memory watch, stop within a
// bound. A worker is a child process so that the node's event loop, its memory at rest and a crash of the job stay
// apart; nothing is spawned and no kernel loaded before a task is there, and the process ends with its task.
// Sandbox: own environment (empty), no network rights needed, Node's permission model limits the file system to the
// code, the inputs and the run's folder. Not here: a kernel-level sandbox; tensor programs are data, not code.
import { type ChildProcess, fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { FailureCode } from "../Runtime.ts";
import { type Control, type Report, reportShape, type Task } from "./messages.ts";

export interface Timing {
  /** No sign of life for so long: the worker is killed. */
  beatDeadlineMs: number;
  /** Alive but no work finished for so long, while not idle: killed. */
  stallMs: number;
  /** From stop to SIGKILL. */
  graceMs: number;
}
const defaultTiming: Timing = { beatDeadlineMs: 30_000, stallMs: 180_000, graceMs: 2_000 };

/** Why the worker ended; undefined when it finished its task. */
export interface Failure {
  code: FailureCode;
  message: string;
  retryable: boolean;
}

export interface WorkerOptions {
  task: Task;
  /** Folder the worker may write; none when absent. */
  writable?: string;
  timing?: Partial<Timing>;
  /** Every report but beats and errors. A throw ends the worker as `runtime.storage`. */
  onReport(report: Exclude<Report, { type: "beat" | "error" }>): void;
}

const entry = fileURLToPath(new URL("tensorWorker.ts", import.meta.url));
const root = fileURLToPath(new URL("../../../../", import.meta.url));

/** What the worker reads besides its inputs: the code. */
const codeFolders = ["packages", "kernels", "node_modules", "package.json"].map((name) => `${root}${name}`);

/** Last characters of stderr kept for a crash's message. */
const stderrKept = 2_000;

function argumentsFor(options: WorkerOptions): string[] {
  const { task } = options;
  const inputs = task.kind === "measure" ? [] : [task.corpusPath, ...(task.start ? [task.start.checkpointPath] : [])];
  const readable = [...codeFolders, ...inputs, ...(options.writable ? [options.writable] : [])];
  return [
    // The heap holds little: tensors and buffers lie outside of it, and the resident size is watched.
    `--max-old-space-size=${Math.max(64, Math.min(1024, task.memoryMiB))}`,
    "--permission",
    "--allow-worker",
    ...readable.map((path) => `--allow-fs-read=${path}`),
    ...(options.writable ? [`--allow-fs-write=${options.writable}`] : []),
    "--disable-warning=SecurityWarning",
    "--disable-warning=ExperimentalWarning",
  ];
}

/** One running worker; `ended` resolves exactly once, when the process is gone. */
export class WorkerProcess {
  readonly ended: Promise<Failure | undefined>;
  readonly #child: ChildProcess;
  readonly #options: WorkerOptions;
  readonly #timing: Timing;
  readonly #startedAt = performance.now();
  #beatAt = performance.now();
  #workedAt = performance.now();
  #work = 0;
  #finished = false;
  #failure: Failure | undefined;
  #stderr = "";
  #killTimer: NodeJS.Timeout | undefined;
  readonly #watch: NodeJS.Timeout;

  constructor(options: WorkerOptions) {
    this.#options = options;
    this.#timing = { ...defaultTiming, ...options.timing };
    this.#child = fork(entry, [], {
      execArgv: argumentsFor(options),
      env: {},
      serialization: "advanced",
      stdio: ["ignore", "ignore", "pipe", "ipc"],
    });
    this.#child.stderr?.setEncoding("utf8").on("data", (text: string) => {
      this.#stderr = (this.#stderr + text).slice(-stderrKept);
    });
    this.#child.on("message", (message) => this.#receive(message));
    this.#watch = setInterval(() => this.#check(), Math.min(1_000, this.#timing.beatDeadlineMs / 4));
    this.ended = new Promise((resolve) => {
      this.#child.once("error", (error) => {
        this.#fail({ code: "runtime.crashed", message: `the worker did not start: ${error.message}`, retryable: true });
        if (this.#child.pid === undefined) resolve(this.#end(null, null));
      });
      // Not "close": Node never emits it once this side has disconnected. stderr may end a little after the exit.
      this.#child.once("exit", (code, signal) => {
        const end = () => resolve(this.#end(code, signal));
        if (code === 0 || this.#child.stderr === null) return end();
        this.#child.stderr.once("close", end);
        setTimeout(end, 500);
      });
    });
    this.#child.send(options.task, (error) => error && this.kill());
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  /** Milliseconds since the process was started. */
  get ageMs(): number {
    return performance.now() - this.#startedAt;
  }

  send(control: Control): void {
    if (this.#child.connected) this.#child.send(control, () => {});
  }

  /** Asks the worker to stop and kills it when it hasn't within graceMs. Resolves when it is gone. */
  async stop(reason: string): Promise<void> {
    this.#fail({ code: "runtime.stopped", message: reason, retryable: true }, { gently: true });
    this.send({ type: "stop" });
    this.#killTimer ??= setTimeout(() => this.kill(), this.#timing.graceMs);
    await this.ended;
  }

  kill(): void {
    this.#child.kill("SIGKILL");
  }

  #receive(raw: unknown): void {
    const parsed = reportShape.safeParse(raw);
    if (!parsed.success) {
      this.#fail({ code: "runtime.crashed", message: "the worker sent a malformed message", retryable: true });
      return;
    }
    const report = parsed.data;
    this.#beatAt = performance.now();
    if (report.type === "beat") {
      this.#beat(report);
      return;
    }
    this.#workedAt = performance.now();
    if (report.type === "error") {
      this.#failure ??= { code: report.code, message: report.message, retryable: isRetryable(report.code) };
      this.#release();
    } else if (this.#failure === undefined) this.#take(report);
  }

  #take(report: Exclude<Report, { type: "beat" | "error" }>): void {
    try {
      this.#options.onReport(report);
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      this.#fail({ code: "runtime.storage", message, retryable: true });
      return;
    }
    if (report.type !== "done" && report.type !== "result") return;
    this.#finished = true;
    this.#release();
  }

  /** The last report is read: closing the channel ends the worker; if not, it is killed. */
  #release(): void {
    if (this.#child.connected) this.#child.disconnect();
    this.#killTimer ??= setTimeout(() => this.kill(), this.#timing.graceMs);
  }

  #beat(beat: Extract<Report, { type: "beat" }>): void {
    if (beat.work !== this.#work || beat.idle) {
      this.#work = beat.work;
      this.#workedAt = performance.now();
    }
    const limit = this.#options.task.memoryMiB * 1024 ** 2;
    if (beat.rssBytes > limit)
      this.#fail({
        code: "runtime.memory",
        message: `the worker uses ${Math.ceil(beat.rssBytes / 1024 ** 2)} MiB of ${this.#options.task.memoryMiB} MiB`,
        retryable: false,
      });
  }

  #check(): void {
    const now = performance.now();
    if (now - this.#beatAt > this.#timing.beatDeadlineMs)
      this.#fail({ code: "runtime.stalled", message: "the worker gives no sign of life", retryable: true });
    else if (now - this.#workedAt > this.#timing.stallMs)
      this.#fail({ code: "runtime.stalled", message: "the worker lives but gets nothing done", retryable: true });
  }

  /** Records the first failure and kills, unless the worker is to end by itself. */
  #fail(failure: Failure, how: { gently: boolean } = { gently: false }): void {
    if (!this.#finished) this.#failure ??= failure;
    if (!how.gently) this.kill();
  }

  #end(code: number | null, signal: NodeJS.Signals | null): Failure | undefined {
    clearInterval(this.#watch);
    this.#child.stderr?.destroy();
    clearTimeout(this.#killTimer);
    if (this.#finished) return undefined;
    if (this.#failure !== undefined) return this.#failure;
    const tail = this.#stderr.trim().split("\n").slice(-3).join(" ");
    if (/heap out of memory|Array buffer allocation failed/.test(this.#stderr))
      return { code: "runtime.memory", message: "the worker ran out of memory", retryable: false };
    return {
      code: "runtime.crashed",
      message: `the worker ended by ${signal ?? `exit ${code}`}: ${tail}`,
      retryable: true,
    };
  }
}

function isRetryable(code: FailureCode): boolean {
  return (
    code === "runtime.crashed" || code === "runtime.stalled" || code === "runtime.storage" || code === "runtime.stopped"
  );
}

/** Runs a task that answers once. Rejects with the worker's failure through `toError`. */
export async function askWorker(
  options: Omit<WorkerOptions, "onReport">,
  call: { signal?: AbortSignal | undefined; timeoutMs: number },
): Promise<{ value: unknown } | { failure: Failure }> {
  let value: { value: unknown } | undefined;
  const worker = new WorkerProcess({
    ...options,
    onReport: (report) => {
      if (report.type === "result") value = { value: report.value };
    },
  });
  const onAbort = () => void worker.stop(`cancelled: ${String(call.signal?.reason)}`);
  const timer = setTimeout(() => void worker.stop(`took more than ${call.timeoutMs} ms`), call.timeoutMs);
  call.signal?.addEventListener("abort", onAbort, { once: true });
  if (call.signal?.aborted) onAbort();
  try {
    const failure = await worker.ended;
    return (
      value ?? {
        failure: failure ?? { code: "runtime.crashed", message: "the worker gave no answer", retryable: true },
      }
    );
  } finally {
    clearTimeout(timer);
    call.signal?.removeEventListener("abort", onAbort);
  }
}

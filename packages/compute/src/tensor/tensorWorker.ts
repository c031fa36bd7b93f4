// Entry of the tensor worker process: takes one task over IPC, does it, reports, exits. Ends itself when the node is
// gone (the channel closes), when told to stop, and when its memory is above its limit.
// Not here: what the tasks do (workerTasks.ts), the node's side (WorkerProcess.ts).
import { setPriority } from "node:os";
import { hasCode, WeftError } from "@weft/protocol/Errors";
import { courtTask } from "./courtTask.ts";
import type { Question } from "./disputeMessages.ts";
import { disputeTask } from "./disputeTask.ts";
import { beatMs, controlShape, type failureCodes, type Report, type Task, taskShape } from "./messages.ts";
import { evaluateTask, measure, replay, TaskError, train, type Workbench } from "./workerTasks.ts";

const stopped = new AbortController();
let credits = 0;
let creditWanted: (() => void) | undefined;
const questions: Question[] = [];
let questionWanted: (() => void) | undefined;
let work = 0;

function send(report: Report): void {
  if (process.connected) process.send?.(report);
}

const bench: Workbench = {
  send,
  worked: () => {
    work++;
  },
  credit: async () => {
    while (credits === 0) {
      await new Promise<void>((resolve) => {
        creditWanted = resolve;
      });
      stopped.signal.throwIfAborted();
      creditWanted = undefined;
    }
    credits--;
  },
  question: async () => {
    stopped.signal.throwIfAborted();
    while (questions.length === 0) {
      await new Promise<void>((resolve) => {
        questionWanted = resolve;
      });
      questionWanted = undefined;
      stopped.signal.throwIfAborted();
    }
    return questions.shift()!;
  },
  signal: stopped.signal,
};

/** Questions that wait at most; the node asks one after the other. */
const mostQuestions = 64;

function ask(question: Question): void {
  if (questions.length >= mostQuestions) throw new Error(`more than ${mostQuestions} questions wait`);
  questions.push(question);
}

async function perform(task: Task): Promise<void> {
  if (task.kind === "train") return train(task, bench);
  if (task.kind === "replay") return send({ type: "result", value: await replay(task, bench) });
  if (task.kind === "evaluate") return send({ type: "result", value: await evaluateTask(task, bench) });
  if (task.kind === "dispute") return disputeTask(task, bench);
  if (task.kind === "court") return send({ type: "result", value: await courtTask(task) });
  send({ type: "result", value: await measure(task) });
}

function codeOf(error: unknown): (typeof failureCodes)[number] {
  if (stopped.signal.aborted) return "runtime.stopped";
  if (error instanceof TaskError) return error.code;
  if (hasCode(error, "tensor.over-memory")) return "runtime.memory";
  if (hasCode(error, "tensor.nan")) return "runtime.nan";
  if (hasCode(error, "tensor.bad-checkpoint") || hasCode(error, "tensor.bad-safetensors")) return "runtime.checkpoint";
  if (error instanceof WeftError && error.fault === "caller") return "runtime.spec";
  if (error instanceof RangeError && /memory|allocation|buffer/i.test(error.message)) return "runtime.memory";
  if (typeof (error as { syscall?: unknown }).syscall === "string") return "runtime.storage";
  return "runtime.crashed";
}

async function runTask(raw: unknown): Promise<void> {
  const task = taskShape.parse(raw);
  if (task.nice > 0) setPriority(task.nice);
  if (task.kind === "train") credits = task.credits;
  process.on("message", (control) => {
    const message = controlShape.parse(control);
    if (message.type === "stop") stopped.abort(new Error("stopped by the node"));
    else if (message.type === "ask") ask(message.question);
    else credits++;
    creditWanted?.();
    questionWanted?.();
  });
  const beat = () =>
    send({
      type: "beat",
      rssBytes: process.memoryUsage.rss(),
      work,
      idle: (creditWanted ?? questionWanted) !== undefined,
    });
  beat();
  setInterval(beat, beatMs);
  await perform(task);
}

process.once("disconnect", () => process.exit(0));
process.once("message", (raw) => {
  runTask(raw).catch((error: unknown) => {
    const message = error instanceof Error ? error.message : String(error);
    send({ type: "error", code: codeOf(error), message: message.slice(0, 4000) });
  });
  // The node closes the channel once it has read the last report; that is what ends this process.
});

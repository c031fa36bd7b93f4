// Worker entry of the trainer. Thread 0 answers the port's messages; thread 1, if any, follows it through a mailbox in
// shared memory. Both run the same step on the same memory (Kernel.ts), so that their number never changes a bit.
// Not here: the caller's side (Trainer.ts).
import { type MessagePort, parentPort, workerData } from "node:worker_threads";
import { decodeCheckpoint, encodeCheckpoint } from "./Checkpoint.ts";
import { batchPositions, fillBatch } from "./dataOrder.ts";
import { stateRootFrom, stepRoot } from "./HashLayout.ts";
import { CONTROL, controlWords, createKernel, heapAllocator, type Kernel, meet } from "./Kernel.ts";
import { kernelTensorRoots } from "./KernelHash.ts";
import { kernelOperators } from "./kernelOperators.ts";
import { mlpStep } from "./mlpStep.ts";
import type { Operators } from "./Operators.ts";
import { type Program, programHash } from "./Program.ts";
import { type State, stateTensors, writeStartState } from "./State.ts";
import { tokenise } from "./tokenise.ts";
import { type TrainerLayout, trainerLayout } from "./trainerLayout.ts";
import type { Corruption, StepResult, WorkerReply, WorkerRequest, WorkerSetup } from "./trainerMessages.ts";

const COMMAND = { none: 0, step: 1, hash: 2, exit: 3 } as const;

/** What one thread of the team needs for a step. */
type Member = {
  kernel: Kernel;
  ops: Operators;
  program: Program;
  layout: TrainerLayout;
  corruption: Corruption | undefined;
};

/** Flips one bit of the state: fault injection for tests, done by thread 0 before the state is hashed. */
function corrupt(state: State, { tensor, index, bit }: Corruption): void {
  const target = stateTensors(state).find(({ name }) => name === tensor);
  if (target) new Uint32Array(target.data.buffer, target.data.byteOffset, target.data.length)[index]! ^= 1 << bit;
}

function isDue({ step: first, everySteps }: Corruption, step: number): boolean {
  return step === first || (everySteps !== undefined && step > first && (step - first) % everySteps === 0);
}

function runStep({ kernel, ops, program, layout, corruption }: Member, step: number): Uint8Array[] {
  mlpStep(ops, program, step, layout.state, layout.workspace);
  if (corruption !== undefined && isDue(corruption, step)) {
    if (kernel.thread === 0) corrupt(layout.state, corruption);
    meet(kernel);
  }
  return kernelTensorRoots(kernel, stateTensors(layout.state), layout.room);
}

/** Thread 1: sleeps until a command comes, runs its share, sleeps again. */
function follow(member: Member): void {
  const control = controlWords(member.kernel.memory);
  for (let seen = 0; ; seen++) {
    while (Atomics.load(control, CONTROL.sequence) === seen) Atomics.wait(control, CONTROL.sequence, seen);
    const command = Atomics.load(control, CONTROL.command);
    if (command === COMMAND.exit) return;
    if (command === COMMAND.step) runStep(member, Atomics.load(control, CONTROL.argument));
    else kernelTensorRoots(member.kernel, stateTensors(member.layout.state), member.layout.room);
  }
}

function summon(kernel: Kernel, command: number, argument: number): void {
  const control = controlWords(kernel.memory);
  Atomics.store(control, CONTROL.command, command);
  Atomics.store(control, CONTROL.argument, argument);
  Atomics.add(control, CONTROL.sequence, 1);
  Atomics.notify(control, CONTROL.sequence);
}

/** Thread 0: the trainer itself. */
function lead(member: Member, setup: WorkerSetup, port: MessagePort): void {
  const { kernel, program, layout } = member;
  const hash = programHash(program);
  const tokens = tokenise(program, setup.corpus);
  const names = stateTensors(layout.state).map(({ name }) => name);
  let nextStep = 0;
  if (setup.checkpoint) {
    const saved = decodeCheckpoint(program, setup.checkpoint);
    const from = stateTensors(saved.state);
    stateTensors(layout.state).forEach((tensor, i) => {
      tensor.data.set(from[i]!.data);
    });
    nextStep = saved.nextStep;
  } else writeStartState(program, layout.state);

  const step = (): StepResult => {
    fillBatch(program.model.context, tokens, batchPositions(program, nextStep), layout.workspace);
    summon(kernel, COMMAND.step, nextStep);
    const roots = runStep(member, nextStep);
    const loss = layout.workspace.loss.data[0]!;
    const stateRoot = stateRootFrom(nextStep + 1, names, roots);
    const result = { step: nextStep, loss, stateRoot, stepRoot: stepRoot(hash, nextStep, loss, stateRoot) };
    nextStep++;
    return result;
  };
  const currentRoot = (): Uint8Array => {
    summon(kernel, COMMAND.hash, 0);
    return stateRootFrom(nextStep, names, kernelTensorRoots(kernel, stateTensors(layout.state), layout.room));
  };
  const answer = (request: WorkerRequest): WorkerReply => {
    if (request.kind === "steps") return { kind: "steps", results: Array.from({ length: request.count }, step) };
    if (request.kind === "root") return { kind: "root", root: currentRoot() };
    return { kind: "state", bytes: encodeCheckpoint(program, nextStep, layout.state) };
  };
  port.on("message", (request: WorkerRequest) => {
    if (request.kind === "close") {
      summon(kernel, COMMAND.exit, 0);
      port.close();
    } else port.postMessage(answer(request));
  });
  port.postMessage({ kind: "ready", nextStep } satisfies WorkerReply);
}

if (parentPort && (workerData as Partial<WorkerSetup> | null)?.role === "weft-trainer") {
  const setup = workerData as WorkerSetup;
  const kernel = createKernel(setup.module, setup.memory, setup.team);
  const layout = trainerLayout(setup.program, heapAllocator(setup.memory));
  const ops = kernelOperators(kernel);
  const member: Member = { kernel, ops, program: setup.program, layout, corruption: setup.corruption };
  if (setup.team.thread === 0) lead(member, setup, parentPort);
  else follow(member);
}

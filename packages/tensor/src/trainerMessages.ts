// What the trainer's caller and its workers say to each other.
import type { Program } from "./Program.ts";

/** One step's outcome. `stateRoot` is the state after the step; `stepRoot` binds program, step, loss and that state. */
export type StepResult = { step: number; loss: number; stateRoot: Uint8Array; stepRoot: Uint8Array };

/**
 * Fault injection: after step `step`, flips bit `bit` of element `index` of the named state tensor; with `everySteps`,
 * again each so many steps from there on. Tests only.
 */
export type Corruption = { step: number; tensor: string; index: number; bit: number; everySteps?: number | undefined };

export type WorkerSetup = {
  role: "weft-trainer";
  module: WebAssembly.Module;
  memory: WebAssembly.Memory;
  team: { thread: number; threads: number; heapBytes: number; scratchBytes: number };
  program: Program;
  corpus: Uint8Array;
  checkpoint: Uint8Array | undefined;
  corruption: Corruption | undefined;
};

export type WorkerRequest = { kind: "steps"; count: number } | { kind: "root" } | { kind: "state" } | { kind: "close" };

export type WorkerReply =
  | { kind: "ready"; nextStep: number }
  | { kind: "steps"; results: StepResult[] }
  | { kind: "root"; root: Uint8Array }
  | { kind: "state"; bytes: Uint8Array };

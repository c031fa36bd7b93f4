// What the trainer's caller, its lead worker and its hash worker say to each other.
import type { ArenaPart } from "../kernel/Arena.ts";
import type { KernelCode } from "../kernel/module.ts";
import type { View as KernelView } from "../kernel/View.ts";
import type { GraphPlan } from "../plan/GraphPlan.ts";
import type { TensorErrorCode } from "../TensorError.ts";
import type { TrainProgram } from "./Program.ts";

/** One step's outcome. `stateRoot` is the state after the step; `stepRoot` binds program, step, loss and that state. */
export type StepResult = { step: number; loss: number; stateRoot: Uint8Array; stepRoot: Uint8Array };

/**
 * Fault injection: after step `step`, flips bit `bit` of element `index` of the named state tensor; with `everySteps`,
 * again each so many steps from there on. Tests only.
 */
export type Corruption = { step: number; tensor: string; index: number; bit: number; everySteps?: number | undefined };

export type LeadSetup = {
  readonly role: "weft-train";
  readonly program: TrainProgram;
  readonly plan: GraphPlan;
  readonly threads: number;
  /** Bytes of the whole memory. */
  readonly bytes: number;
  /** Tokens of the training part. */
  readonly tokens: Int32Array;
  readonly checkpoint: Uint8Array | undefined;
  readonly corruption: Corruption | undefined;
};

export type LeadRequest = { kind: "steps"; count: number } | { kind: "root" } | { kind: "state" };

export type LeadReply =
  | { kind: "ready"; nextStep: number }
  | { kind: "steps"; results: StepResult[] }
  | { kind: "root"; root: Uint8Array }
  | { kind: "state"; bytes: Uint8Array }
  | { kind: "failed"; code: TensorErrorCode; message: string; remedy: string };

/** One tensor of the state in both halves. */
export type HashedTensor = { readonly name: string; readonly views: readonly [KernelView, KernelView] };

export type HashSetup = {
  readonly role: "weft-hash";
  /** This worker's own part of the lead's memory. */
  readonly part: ArenaPart;
  /** Address of the words of stateBoard.ts. */
  readonly board: number;
  readonly state: readonly HashedTensor[];
  readonly code: KernelCode;
  /** Number of the state that the first half holds at first. */
  readonly version: number;
};

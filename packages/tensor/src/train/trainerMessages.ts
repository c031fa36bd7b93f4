// What the trainer's caller, its lead worker and its hash worker say to each other.
import type { ArenaPart } from "../kernel/Arena.ts";
import type { View as KernelView } from "../kernel/View.ts";
import type { GraphPlan } from "../plan/GraphPlan.ts";
import type { TensorErrorCode } from "../TensorError.ts";
import type { Corruption, StepResult } from "../trainerMessages.ts";
import type { TrainProgram } from "./Program.ts";

export type { Corruption, StepResult } from "../trainerMessages.ts";

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
  /** Number of the state that the first half holds at first. */
  readonly version: number;
};

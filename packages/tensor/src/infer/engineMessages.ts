// What an engine's caller and its worker say to each other.
import type { GptConfig } from "../models/gpt.ts";
import type { TensorErrorCode } from "../TensorError.ts";
import type { EngineSize } from "./modelViews.ts";
import type { Drawn, SequenceRequest } from "./Scheduler.ts";

export type EngineSetup = {
  readonly role: "weft-infer";
  readonly config: GptConfig;
  readonly size: EngineSize;
  readonly threads: number;
  /** Bytes of the whole memory. */
  readonly bytes: number;
  /** Tokens that may be drawn. */
  readonly vocab: number;
  /** Tokens drawn ahead of a reader. */
  readonly ahead: number;
  readonly failInStep: number | undefined;
};

export type EngineRequest =
  | { readonly kind: "weights"; readonly name: string; readonly row: number; readonly elements: Float32Array }
  | { readonly kind: "start" }
  | { readonly kind: "generate"; readonly request: SequenceRequest }
  | { readonly kind: "credit"; readonly id: number; readonly count: number }
  | { readonly kind: "cancel"; readonly id: number };

export type Failure = { readonly code: TensorErrorCode; readonly message: string; readonly remedy: string };
export type DrawnFor = Drawn & { readonly id: number; readonly failed?: Failure };

export type EngineReply =
  /** Ready for weights; weights taken; ready for generations. */
  | { readonly kind: "opened" | "loaded" | "ready" }
  | { readonly kind: "drawn"; readonly drawn: readonly DrawnFor[] }
  | { readonly kind: "failed"; readonly failure: Failure };

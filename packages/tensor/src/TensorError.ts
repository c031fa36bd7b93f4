// The one error this package throws for bad input: what happened, which field and limit, what to do next.
import { WeftError } from "@weft/protocol/Errors";

/** What went wrong, so that a handler can be exhaustive. `code` on the error is `tensor.` and one of these. */
export type TensorErrorCode =
  | "bad-program"
  | "bad-corpus"
  | "bad-checkpoint"
  | "bad-safetensors"
  | "bad-proof-request"
  | "bad-commitment"
  | "bad-option"
  | "bad-graph"
  | "bad-tensor"
  | "bad-index"
  | "bad-model"
  | "no-gradient"
  | "bad-tokenizer"
  | "bad-text"
  | "bad-llama2c"
  | "bad-gguf"
  | "bad-onnx"
  | "unsupported-onnx"
  | "over-memory"
  | "nan"
  | "closed"
  | "busy"
  | "worker-failed"
  | "no-device"
  | "device-failed";

export class TensorError extends WeftError {
  override name = "TensorError";

  /** A failed worker, a full queue and a failed device are ours, the first two may be retried; everything else is the caller's input. */
  constructor(code: TensorErrorCode, message: string, remedy: string, cause?: unknown) {
    const retryable = code === "worker-failed" || code === "busy";
    const fault = retryable || code === "device-failed" ? "us" : "caller";
    super(message, { code: `tensor.${code}`, fault, retryable, remedy, cause });
  }
}

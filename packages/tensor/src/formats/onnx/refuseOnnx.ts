// The two ways an ONNX file is refused: it is wrong, or it asks for what this package does not have.
import { TensorError } from "../../TensorError.ts";

/** Throws TensorError `bad-onnx`. */
export function refuseOnnx(problem: string, remedy: string, cause?: unknown): never {
  throw new TensorError("bad-onnx", problem, remedy, cause);
}

/** Throws TensorError `unsupported-onnx`. */
export function unsupportedOnnx(problem: string, remedy: string): never {
  throw new TensorError("unsupported-onnx", problem, remedy);
}

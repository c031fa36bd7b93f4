// Errors as OpenAI's API words them: {error: {message, type, param, code}} under an HTTP status.
import { WeftError } from "@weft/protocol/Errors";

export type ApiStatus = 400 | 401 | 403 | 404 | 405 | 413 | 415 | 429 | 500 | 503;

export interface ApiProblem {
  status: ApiStatus;
  message: string;
  type: "invalid_request_error" | "rate_limit_error" | "server_error";
  param?: string | undefined;
  code?: string | undefined;
}

export class ApiError extends Error {
  override name = "ApiError";
  readonly problem: ApiProblem;

  constructor(problem: ApiProblem) {
    super(problem.message);
    this.problem = problem;
  }
}

/** A request that is wrong in one field. */
export const badRequest = (message: string, param?: string, code?: string): ApiError =>
  new ApiError({ status: 400, message, type: "invalid_request_error", param, code });

const sentence = (error: WeftError): string =>
  error.remedy === undefined ? error.message : `${error.message}; ${error.remedy}`;

/** What the engine or the tokenizer refused, in the API's words; what is nobody's request says nothing of the inside. */
export function problemOf(error: unknown): ApiProblem {
  if (error instanceof ApiError) return error.problem;
  if (!(error instanceof WeftError))
    return { status: 500, message: "the server failed on this request", type: "server_error" };
  if (error.code === "tensor.busy")
    return { status: 429, message: sentence(error), type: "rate_limit_error", code: "busy" };
  if (error.code === "tensor.closed")
    return { status: 503, message: "the server is going down", type: "server_error", code: "closed" };
  if (error.code === "tensor.bad-text" || error.code === "tensor.bad-option") {
    const code = /^prompt has .*more than the context/.test(error.message) ? "context_length_exceeded" : undefined;
    return { status: 400, message: sentence(error), type: "invalid_request_error", code };
  }
  return { status: 500, message: error.message, type: "server_error", code: error.code };
}

/** The body of an answer. */
export const errorBody = ({ message, type, param, code }: ApiProblem) => ({
  error: { message, type, param: param ?? null, code: code ?? null },
});

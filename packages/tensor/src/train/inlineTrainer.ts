// A training on the caller's own thread: for programs whose steps are so short that starting threads would cost more than they
// do. The same operators in the same order, and so the same bits. The thread is blocked while a message is worked on.
import { createArena } from "../kernel/Arena.ts";
import { kernelCode } from "../kernel/kernelCode.ts";
import { soloKernels } from "../kernel/wasmKernels.ts";
import { TensorError } from "../TensorError.ts";
import type { Connection } from "./connect.ts";
import { explain } from "./leadStep.ts";
import { inlineBoard } from "./stateBoard.ts";
import { openHasher } from "./stateHasher.ts";
import type { LeadReply, LeadRequest, LeadSetup } from "./trainerMessages.ts";
import { answer, drain, failure, startTraining } from "./training.ts";

type Failed = Extract<LeadReply, { kind: "failed" }>;

const turn = () => new Promise((wake) => setImmediate(wake));

/** Like a connection to a lead worker. The signal is seen between two messages. */
export async function connectInline(setup: LeadSetup, signal: AbortSignal | undefined): Promise<Connection> {
  const arena = createArena(setup.bytes);
  const training = await startTraining(setup, {
    ...{ arena, kernels: soloKernels(arena) },
    hash: ({ part, state, version }) => inlineBoard(openHasher({ part, state, code: kernelCode() }), version),
  }).catch((cause: unknown) => {
    throw asError(failure(cause));
  });
  let ended: { readonly reason: unknown } | undefined;
  const work = async (request: LeadRequest): Promise<LeadReply> => {
    await turn();
    if (signal?.aborted === true) ended ??= { reason: signal.reason };
    if (ended !== undefined) throw ended.reason;
    let reply: LeadReply | undefined;
    const port = { postMessage: (said: LeadReply) => void (reply = said) };
    const outbox = { port, waiting: [], asked: [] };
    try {
      answer(training, outbox, request);
      drain(training, outbox);
    } catch (cause) {
      ended = { reason: asError(failure(await explain(training, cause))) };
      throw ended.reason;
    }
    return reply!;
  };
  // One message after another, as a port would have it.
  let last: Promise<unknown> = Promise.resolve();
  const inTurn = (request: LeadRequest): Promise<LeadReply> => {
    const reply = last.then(() => work(request));
    last = reply.catch(() => undefined);
    return reply;
  };
  return {
    expect: async () => ({ kind: "ready", nextStep: training.nextStep }) as never,
    ask: (request) => inTurn(request) as never,
    async end(reason) {
      ended ??= { reason };
    },
  };
}

function asError(reply: LeadReply): TensorError {
  const { code, message, remedy } = reply as Failed;
  return new TensorError(code, message, remedy);
}

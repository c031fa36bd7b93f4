// Rounds of a drand network over HTTP, from any of several relays, none of which is believed: a signature is checked
// against the group's key before anybody sees it. What a relay can do is withhold.
//
// Asked: GET RELAY/CHAINHASH/public/ROUND, drand's HTTP API version 1, which every public relay serves. Answered: JSON
// with the round's number and its signature as hex. One relay after the other, the one that was right last time first.
import type { Clock } from "@weft/protocol/Clock";
import { WeftError } from "@weft/protocol/Errors";
import type { DrandChain, DrandRound } from "@weft/verification/drandRounds";
import type { Hex } from "viem";
import { z } from "zod";

export interface DrandRelaysOptions {
  chain: DrandChain;
  /** Names the network to the relays. */
  chainHash: Hex;
  /** Base URLs. */
  relays: readonly string[];
  clock: Clock;
  fetchFn?: typeof fetch;
}

export interface DrandSource {
  readonly chain: DrandChain;
  /** A round's signature, checked. @throws WeftError `drand.unavailable` with each relay's reason */
  fetch(round: bigint, signal: AbortSignal): Promise<Hex>;
}

/** For the whole answer of one relay. */
const patienceMs = 5000;
/** An answer has about 350 bytes. */
const maxAnswerBytes = 4096;

const answer = z.object({
  round: z.int().positive(),
  signature: z.string().regex(/^[0-9a-fA-F]{128}$/, "no signature of 64 bytes"),
});

export function drandRelays(options: DrandRelaysOptions): DrandSource {
  const { relays } = options;
  let best = 0;
  return {
    chain: options.chain,
    fetch: async (round, signal) => {
      const reasons: Record<string, string> = {};
      for (let turn = 0; turn < relays.length; turn++) {
        const index = (best + turn) % relays.length;
        const relay = relays[index] as string;
        try {
          const signature = await ask(options, { relay, round, signal });
          best = index;
          return signature;
        } catch (error) {
          signal.throwIfAborted();
          reasons[relay] = reasonOf(error);
        }
      }
      throw unavailable(round, reasons);
    },
  };
}

interface Question {
  relay: string;
  round: bigint;
  signal: AbortSignal;
}

/** @throws Error that says what is wrong with the answer */
async function ask(options: DrandRelaysOptions, { relay, round, signal }: Question): Promise<Hex> {
  const { chain, chainHash, clock, fetchFn = fetch } = options;
  const url = `${relay.replace(/\/+$/, "")}/${chainHash.slice(2)}/public/${round}`;
  const answered = new AbortController();
  const late = new AbortController();
  void clock.sleep(patienceMs, answered.signal).then(
    () => late.abort(new Error(`no whole answer in ${patienceMs} ms`)),
    () => {},
  );
  try {
    const response = await fetchFn(url, { signal: AbortSignal.any([signal, late.signal]), redirect: "error" });
    if (!response.ok) throw new Error(`it answers ${response.status}`);
    const found = roundOf(await textOf(response));
    if (found.round !== round) throw new Error(`it answers with round ${found.round}`);
    // The curve is loaded by the nodes that need it.
    const { isSigned } = await import("@weft/verification/drand");
    if (!isSigned(chain, found)) throw new Error("the signature is not the network's");
    return found.signature;
  } finally {
    answered.abort();
    // Ends what was not read to its end.
    late.abort();
  }
}

/** Stops reading where an answer would end. */
async function textOf(response: Response): Promise<string> {
  const parts: Uint8Array[] = [];
  let bytes = 0;
  for await (const part of response.body ?? []) {
    bytes += part.length;
    if (bytes > maxAnswerBytes) throw new Error(`an answer above ${maxAnswerBytes} bytes`);
    parts.push(part);
  }
  return Buffer.concat(parts).toString("utf8");
}

function roundOf(text: string): DrandRound {
  const { round, signature } = answer.parse(JSON.parse(text));
  return { round: BigInt(round), signature: `0x${signature.toLowerCase()}` };
}

/** fetch hides what went wrong in its cause. */
function reasonOf(error: unknown): string {
  if (error instanceof z.ZodError) return `no round: ${error.issues[0]?.message ?? "malformed"}`;
  const { cause } = error as { cause?: unknown };
  return (cause instanceof Error ? cause.message || cause.name : String((error as Error).message)).slice(0, 120);
}

const unavailable = (round: bigint, reasons: Record<string, string>) =>
  new WeftError(`no relay has drand round ${round}`, {
    code: "drand.unavailable",
    fault: "network",
    retryable: true,
    details: reasons,
    remedy: "wait until the round is published, or name other relays in the network file's beacon",
  });

// Money for machines that join a development network: what a public door answers to POST /v1/faucet. It fills accounts
// up to what one node or buyer needs, never above, for so many requests a window per machine and in all. Decisions are
// pure; `DoorFaucet` keeps the count and gives one after the other, because all gifts come from one account.

import type { ChainClient } from "@weft/chain/ChainClient";
import { WeftError } from "@weft/protocol/Errors";
import { hexOf, uintOf } from "@weft/protocol/fields";
import { wantedStake } from "@weft/protocol/Params";
import type { Address } from "viem";
import { z } from "zod";
import { escrowWanted } from "./buyer.ts";
import { gasMoney, give } from "./faucet.ts";

export const windowSeconds = 600;
/** Requests a window from one machine; joining once takes one. */
export const maxPerMachine = 6;
/** Requests a window from all machines. */
export const maxInAll = 48;
const maxWaiting = 8;

/** Units: wei, 1e-18 WEFT, 1e-6 stablecoin. Owner and operator are two accounts. */
const shape = z.strictObject({
  needs: z
    .array(
      z.strictObject({
        address: hexOf(20),
        gas: uintOf(128).default(0n),
        weft: uintOf(128).default(0n),
        stable: uintOf(128).default(0n),
      }),
    )
    .min(1)
    .max(4),
});
type Wanted = z.infer<typeof shape>["needs"];

export interface Ceiling {
  gas: bigint;
  weft: bigint;
  stable: bigint;
}

/** The most an account is filled up to. */
export const ceilingOf = (client: ChainClient): Ceiling => ({
  gas: gasMoney,
  weft: wantedStake(client.params),
  stable: escrowWanted,
});

/** @throws WeftError `faucet.malformed`, `faucet.tooMuch` */
export function readWanted(body: string, ceiling: Ceiling): Wanted {
  let json: unknown;
  try {
    json = JSON.parse(body);
  } catch {
    json = undefined;
  }
  const parsed = shape.safeParse(json);
  if (!parsed.success)
    throw new WeftError("not a request for money", {
      code: "faucet.malformed",
      remedy: 'send {"needs":[{"address","gas","weft","stable"}]}, amounts as decimal strings of units',
    });
  const above = parsed.data.needs.some(
    ({ gas, weft, stable }) => gas > ceiling.gas || weft > ceiling.weft || stable > ceiling.stable,
  );
  if (above)
    throw new WeftError("more than the faucet fills an account up to", {
      code: "faucet.tooMuch",
      remedy: `ask at most ${ceiling.gas} wei, ${ceiling.weft} WEFT units, ${ceiling.stable} stablecoin units`,
    });
  return parsed.data.needs;
}

export interface Request {
  from: string;
  atSeconds: number;
}

/** The requests to remember when this one is served, or the seconds until it could be. */
export function admit(
  recent: readonly Request[],
  request: Request,
): { recent: readonly Request[] } | { waitSeconds: number } {
  const live = recent.filter(({ atSeconds }) => atSeconds > request.atSeconds - windowSeconds);
  const own = live.filter(({ from }) => from === request.from);
  const blocking = own.length >= maxPerMachine ? own : live.length >= maxInAll ? live : undefined;
  if (blocking === undefined) return { recent: [...live, request] };
  const oldest = Math.min(...blocking.map(({ atSeconds }) => atSeconds));
  return { waitSeconds: Math.max(1, Math.ceil(oldest + windowSeconds - request.atSeconds)) };
}

export class DoorFaucet {
  #recent: readonly Request[] = [];
  #last: Promise<unknown> = Promise.resolve();
  #waiting = 0;

  /**
   * Fills the accounts up; resolves once that is mined.
   * @throws WeftError `faucet.malformed`, `faucet.tooMuch`, `faucet.limit`, `faucet.busy`, and the chain's own
   */
  async serve(client: ChainClient, asked: Request & { body: string }): Promise<void> {
    const wanted = readWanted(asked.body, ceilingOf(client));
    if (this.#waiting >= maxWaiting) throw busy();
    const admitted = admit(this.#recent, { from: asked.from, atSeconds: asked.atSeconds });
    if ("waitSeconds" in admitted) throw overLimit(admitted.waitSeconds);
    this.#recent = admitted.recent;
    const needs = wanted.map((need) => ({ ...need, address: need.address as Address, who: asked.from }));
    this.#waiting += 1;
    const served = this.#last.then(() => give(client, needs)).finally(() => (this.#waiting -= 1));
    this.#last = served.catch(() => undefined);
    await served;
  }
}

const busy = () =>
  new WeftError("the network's faucet is busy", {
    code: "faucet.busy",
    fault: "network",
    retryable: true,
    remedy: "run the same command again in a minute",
  });

const overLimit = (waitSeconds: number) =>
  new WeftError("the network's faucet gives no more for now", {
    code: "faucet.limit",
    fault: "network",
    retryable: true,
    remedy: `run the same command again in ${waitSeconds} s`,
  });

// For tests: a relay of a drand network on a free port of 127.0.0.1. It plays rounds it is given, or misbehaves. Not used
// by the product.
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { DrandRound } from "@weft/verification/drandRounds";

/**
 * right: the round asked for. The others: the signature of another round, or of another group; the right signature under
 * another number; no answer; half an answer; one without end; an error; no JSON; no round in it; a way to elsewhere.
 */
export type Manner =
  | ("right" | "otherRound" | "otherGroup" | "renumbered" | "mute" | "half" | "endless")
  | ("failing" | "rubbish" | "empty" | "redirect");

export interface DrandRelay {
  readonly url: string;
  /** Every round asked for, oldest first. */
  readonly asked: readonly bigint[];
  manner: Manner;
  /** Resolves when somebody asks for the `count`-th time. */
  askedTimes(count: number): Promise<void>;
  /** Answers that were cut off by whoever asked. */
  readonly cutOff: () => number;
  /** Bytes of answers without end that somebody took, or that lie in between. */
  readonly poured: () => number;
  close(): Promise<void>;
}

export interface DrandRelayOptions {
  /** undefined: not published yet. */
  roundOf: (round: bigint) => DrandRound | undefined;
  /** The same round by somebody else. */
  forgedOf?: (round: bigint) => DrandRound;
  /** Named in the path. */
  chainHash: string;
  manner?: Manner;
}

export async function startDrandRelay(options: DrandRelayOptions): Promise<DrandRelay> {
  const asked: bigint[] = [];
  const waiting: { count: number; wake: () => void }[] = [];
  let cut = 0;
  let poured = 0;
  const prefix = `/${options.chainHash.slice(2)}/public/`;
  const server = createServer((request, response) => {
    response.once("close", () => {
      if (!response.writableFinished) cut += 1;
    });
    const round = roundIn(request, prefix);
    if (round === undefined) return respond(response, 404, "nothing here");
    asked.push(round);
    for (const one of waiting.filter(({ count }) => count <= asked.length)) one.wake();
    if (relay.manner === "endless") pour(response, (bytes) => (poured += bytes));
    else play(response, { ...options, manner: relay.manner, round });
  });
  await new Promise<void>((ready) => server.listen(0, "127.0.0.1", ready));
  const relay: DrandRelay = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked,
    manner: options.manner ?? "right",
    askedTimes: (count) =>
      asked.length >= count ? Promise.resolve() : new Promise((wake) => waiting.push({ count, wake })),
    cutOff: () => cut,
    poured: () => poured,
    close: () =>
      new Promise((closed) => {
        server.close(() => closed());
        server.closeAllConnections();
      }),
  };
  return relay;
}

function roundIn({ url = "" }: IncomingMessage, prefix: string): bigint | undefined {
  const rest = url.startsWith(prefix) ? url.slice(prefix.length) : "";
  return /^[1-9]\d{0,18}$/.test(rest) ? BigInt(rest) : undefined;
}

function respond(response: ServerResponse, status: number, body: string): void {
  response.writeHead(status, { "content-type": "application/json" });
  response.end(body);
}

function play(response: ServerResponse, options: DrandRelayOptions & { manner: Manner; round: bigint }): void {
  const { manner, round, roundOf, forgedOf } = options;
  if (manner === "right") answer(response, roundOf(round), round);
  else if (manner === "otherRound") answer(response, roundOf(round - 1n), round);
  else if (manner === "otherGroup") answer(response, forgedOf?.(round), round);
  else if (manner === "renumbered") answer(response, roundOf(round), round + 1n);
  else if (manner === "failing") respond(response, 500, "broken");
  else if (manner === "rubbish") respond(response, 200, "<html>");
  else if (manner === "empty") respond(response, 200, "{}");
  else if (manner === "redirect") response.writeHead(302, { location: "http://127.0.0.1:1/" }).end();
  else if (manner === "half") response.write(`{"round": ${round}, "sign`);
}

function answer(response: ServerResponse, found: DrandRound | undefined, number: bigint): void {
  if (found === undefined) respond(response, 425, "too early");
  else respond(response, 200, textOf({ ...found, round: number }));
}

/** Writes spaces for as long as somebody reads. */
function pour(response: ServerResponse, count: (bytes: number) => void): void {
  const more = () => {
    let goesOn = true;
    while (goesOn && !response.destroyed) {
      goesOn = response.write(" ".repeat(1024));
      count(1024);
    }
  };
  response.on("drain", more);
  more();
}

const textOf = ({ round, signature }: DrandRound): string =>
  JSON.stringify({ round: Number(round), randomness: "00", signature: signature.slice(2) });

// Waits until the gateway of a fresh network is connected to every node and has heard their offers: an order sent
// earlier would reach only some of them. Gives up after a bound, because an order among fewer nodes is still an order;
// and sooner once every node is connected and nothing more is heard: a node whose units a lease still uses offers none.
import { z } from "zod";
import { type GatewayClient, request } from "../GatewayClient.ts";

const shape = z.looseObject({ peers: z.int().nonnegative(), offers: z.int().nonnegative() });
const pollMs = 100;

export interface Market {
  peers: number;
  offers: number;
}

/** What the gateway sees when it sees enough, or nothing more for `quietMs`, or when time is up. */
export async function untilMarket(
  client: GatewayClient,
  options: { nodes: number; timeoutMs: number; quietMs: number; signal: AbortSignal },
): Promise<Market> {
  const until = performance.now() + options.timeoutMs;
  let last: Market & { since: number } = { peers: 0, offers: 0, since: performance.now() };
  for (;;) {
    const { peers, offers } = shape.parse(await request(client, "/v1/status", { signal: options.signal }));
    const now = performance.now();
    if (peers !== last.peers || offers !== last.offers) last = { peers, offers, since: now };
    const connected = peers >= options.nodes;
    const quiet = connected && offers > 0 && now - last.since >= options.quietMs;
    if ((connected && offers >= options.nodes) || quiet || now > until || options.signal.aborted)
      return { peers, offers };
    await new Promise((wake) => setTimeout(wake, pollMs));
  }
}

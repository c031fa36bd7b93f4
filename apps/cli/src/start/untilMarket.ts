// Waits until the gateway of a fresh network is connected to every node and has heard their offers: an order sent
// earlier would reach only some of them. Gives up after a bound, because an order among fewer nodes is still an order.
import { z } from "zod";
import { type GatewayClient, request } from "../GatewayClient.ts";

const shape = z.looseObject({ peers: z.int().nonnegative(), offers: z.int().nonnegative() });
const pollMs = 100;

export interface Market {
  peers: number;
  offers: number;
}

/** What the gateway sees when it sees enough, or when time is up. */
export async function untilMarket(
  client: GatewayClient,
  options: { nodes: number; timeoutMs: number; signal: AbortSignal },
): Promise<Market> {
  const until = performance.now() + options.timeoutMs;
  for (;;) {
    const seen = shape.parse(await request(client, "/v1/status", { signal: options.signal }));
    const enough = seen.peers >= options.nodes && seen.offers >= options.nodes;
    if (enough || performance.now() > until || options.signal.aborted)
      return { peers: seen.peers, offers: seen.offers };
    await new Promise((wake) => setTimeout(wake, pollMs));
  }
}

// Order signed → lease open, through the whole stack: five node processes, gossip, signed bids, the auction, the matcher,
// one transaction. The time beyond `auctionMs` is what the network costs; the auction's own length is the buyer's choice.
import { setTimeout as sleep } from "node:timers/promises";
import { followJob, request } from "@weft/cli/GatewayClient";
import { type LocalNetwork, startNetwork } from "./network.ts";
import { type Bench, type Figure, figure, mustHold, quantile } from "./report.ts";

const orders = 200;
const slowOrders = 40;
const auctionMs = 1000;
/** Leases opened at the same time; each is cancelled as soon as it is open, so that capacity comes back. */
const atOnce = 2;

export const bench: Bench = {
  name: "lease",
  about: `order signed to lease open, ${orders} orders over five nodes with the auction on, at 0.25 s and 2 s blocks`,
  run: measure,
};

const job = {
  name: "bench-lease",
  kind: "train-lm",
  program: { preset: "quick", steps: 1_000_000, stepsPerSegment: 300 },
  auctionMs,
  duration: "60s",
};

async function* measure(): AsyncGenerator<Figure> {
  const fast = await latencies({ blockSeconds: 0.25, count: orders });
  const akash = { peer: "Akash, bid after order (one seen, 6.5 s blocks)", peerValue: 19_000 };
  yield figure("lease.p50_ms", { value: quantile(fast, 0.5), unit: "ms" }, akash);
  yield figure("lease.p95_ms", { value: quantile(fast, 0.95), unit: "ms" }, { ...akash, atMost: 1000 });
  yield figure("lease.auction_ms", { value: auctionMs, unit: "ms" });
  const slow = await latencies({ blockSeconds: 2, count: slowOrders });
  const target = { peer: "Akash's own target, p95 of order to bid", peerValue: 5000 };
  yield figure("lease.p50_2s_ms", { value: quantile(slow, 0.5), unit: "ms" }, target);
  yield figure("lease.p95_2s_ms", { value: quantile(slow, 0.95), unit: "ms" }, target);
}

async function latencies(options: { blockSeconds: number; count: number }): Promise<number[]> {
  const network = startNetwork(["--no-job", "--block-seconds", String(options.blockSeconds)]);
  try {
    await network.until(({ kind, phase }) => kind === "phase" && phase === "processes");
    await fiveOffers(network);
    const corpus = (await request(network.gateway(), "/v1/blobs", {
      method: "PUT",
      body: new TextEncoder().encode("the quick brown fox jumps over the lazy dog. ".repeat(100)),
    })) as object;
    const found: number[] = [];
    let left = options.count;
    const worker = async () => {
      while (left-- > 0) {
        found.push(await oneLease(network, corpus));
        if (found.length % 25 === 0) process.stderr.write(`${found.length} of ${options.count} leases\n`);
      }
    };
    await Promise.all(Array.from({ length: atOnce }, worker));
    mustHold(found.length === options.count, "every order became a lease");
    return found;
  } finally {
    await network.end();
  }
}

/** The gateway has heard every node. */
async function fiveOffers(network: LocalNetwork): Promise<void> {
  for (let turn = 0; turn < 300; turn++) {
    const { offers } = (await request(network.gateway(), "/v1/offers")) as { offers: object[] };
    if (offers.length >= 5) return;
    await sleep(200);
  }
  throw new Error("the gateway has not heard of five offers within a minute");
}

/** Milliseconds beyond the auction. */
async function oneLease(network: LocalNetwork, corpus: object): Promise<number> {
  const gateway = network.gateway();
  const { jobId } = (await request(gateway, "/v1/jobs", { method: "POST", body: { job, corpus } })) as {
    jobId: string;
  };
  for await (const event of followJob(gateway, jobId)) {
    if (event.kind === "failed" || event.kind === "unmatched")
      throw new Error(`an order was not filled: ${JSON.stringify(event).slice(0, 500)}`);
    if (event.kind !== "lease") continue;
    await request(gateway, `/v1/jobs/${jobId}`, { method: "DELETE" });
    return event.latencyMs - auctionMs;
  }
  throw new Error("the job's events ended before its lease");
}

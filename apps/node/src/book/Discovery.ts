// Finds peers: the Registry's endpoints, drawn at random so that no neighbour chooses our neighbours, and keeps the
// node's own endpoint in the Registry true. Pulls the book of the first peers, once.

import { endpointOf, peerOfEndpoint } from "@weft/protocol/endpoint";
import type { GossipMessage, Peer } from "@weft/protocol/messages";
import { Loop } from "../Loop.ts";
import type { NodeContext } from "../NodeContext.ts";
import { Tasks } from "../Tasks.ts";
import { pullBook } from "./sync.ts";

/** Outbound neighbours wanted. */
const wanted = 8;
const connectTimeoutMs = 8000;
const syncLimit = 1024;
const syncPeers = 3;

export class Discovery {
  readonly #context: NodeContext;
  readonly #onOrder: (message: GossipMessage<"order">) => void;
  readonly #loop: Loop;
  readonly #tasks: Tasks;
  readonly #pulled = new Set<string>();

  constructor(context: NodeContext, onOrder: (message: GossipMessage<"order">) => void) {
    this.#context = context;
    this.#onOrder = onOrder;
    const { clock, log } = context;
    this.#loop = new Loop(
      { name: "discovery", everyMs: 3000, leastMs: 500, step: async () => this.#step() },
      { clock, log },
    );
    this.#tasks = new Tasks({ clock, log, onEnd: () => {}, firstRetryMs: 1000, longestRetryMs: 60_000, quiet: true });
  }

  start(): void {
    this.#loop.start();
  }

  async stop(): Promise<void> {
    await Promise.all([this.#loop.stop(), this.#tasks.stop()]);
  }

  #step(): void {
    if (this.#context.chain.view() === undefined) return;
    this.#keepEndpoint();
    this.#connect();
    this.#pull();
  }

  #keepEndpoint(): void {
    const { chain, nodeId, settings, transport } = this.#context;
    const current = chain.endpoints().get(nodeId);
    const own = endpointOf(settings.announce.length > 0 ? settings.announce : transport.addresses());
    if (current === undefined || own === "" || current === own) return;
    this.#tasks.run("endpoint", async () => void (await chain.setEndpoint(own, settings.region)));
  }

  #connect(): void {
    const { chain, transport, random, nodeId } = this.#context;
    const connected = new Set(transport.peers());
    const missing = wanted - connected.size;
    if (missing <= 0) return;
    const candidates = [...chain.endpoints()]
      .filter(([id]) => id !== nodeId)
      .map(([, endpoint]) => peerOfEndpoint(endpoint))
      .filter(
        (peer): peer is Peer => peer !== undefined && !connected.has(peer.peerId) && peer.peerId !== transport.peerId,
      );
    for (const peer of drawn(candidates, missing, random)) {
      this.#tasks.run(`connect/${peer.peerId}`, async (signal) => {
        await transport.connect(peer, { signal: AbortSignal.any([signal, AbortSignal.timeout(connectTimeoutMs)]) });
      });
    }
  }

  #pull(): void {
    const { transport, intake, log } = this.#context;
    if (this.#pulled.size >= syncPeers) return;
    for (const peerId of transport
      .peers()
      .filter((id) => !this.#pulled.has(id))
      .slice(0, syncPeers))
      this.#tasks.run(`pull/${peerId}`, async (signal) => {
        const result = await pullBook(transport, peerId, { intake, limit: syncLimit, onOrder: this.#onOrder, signal });
        this.#pulled.add(peerId);
        log.info({ peerId, ...result }, "book pulled");
      });
  }
}

/** Up to `count` of `items`, by a random start and stride-free swap: every subset is as likely. */
function drawn<T>(items: readonly T[], count: number, random: (bytes: number) => Uint8Array): T[] {
  const left = [...items];
  const chosen: T[] = [];
  while (chosen.length < count && left.length > 0) {
    const word = Buffer.from(random(4)).readUInt32LE(0);
    chosen.push(...left.splice(word % left.length, 1));
  }
  return chosen;
}

// One node of a test network: its folder and keys, which outlive a kill, and the node that runs from them.
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { ChainStore } from "@weft/chain/ChainStore";
import { LiveSnapshot } from "@weft/chain/LiveSnapshot";
import { readBeaconClock, readDrandNetwork } from "@weft/chain/reads";
import { Sender } from "@weft/chain/Sender";
import { openBlobs } from "@weft/host/blobs/BlobStore";
import { type DrandSource, drandRelays } from "@weft/node/beacon/drandRelays";
import { connectChain } from "@weft/node/chain/connectChain";
import type { CourtLimits, NodeFaults } from "@weft/node/NodeContext";
import { defaultSettings, type RunningNode, startNode } from "@weft/node/startNode";
import { closeStore, openStore } from "@weft/node/store/Store";
import type { NodeId } from "@weft/protocol/NodeId";
import { createMemoryTransport } from "@weft/transport/MemoryTransport";
import type { Transport } from "@weft/transport/Transport";
import type { HostPorts } from "./GatewayHost.ts";
import {
  createInlineRuntime,
  type InlineRuntime,
  inlineCourtProgram,
  inlineReplay,
  type RuntimeFaults,
} from "./InlineRuntime.ts";
import { inlineDispute } from "./inlineDispute.ts";
import { nodeIdFor, poolAttributes, poolClass } from "./provision.ts";
import { randomOf, type SeededKey } from "./seed.ts";

export interface NodePlan {
  name: string;
  owner: SeededKey;
  operator: SeededKey;
  pricePerUnitSecond: bigint;
  capacity: bigint;
  segmentSeconds: number;
  /** Whether it offers its pool. */
  sells: boolean;
  court: Partial<CourtLimits>;
  /** The first so many replays of its audits never end by themselves. */
  stuckReplays: number;
}

/** Longer than any test's virtual time. */
const stuckMs = 1e12;

interface Live {
  node: RunningNode;
  transport: Transport;
  sender: Sender;
  runtime: InlineRuntime;
  close(): Promise<void>;
}

export class NodeHost {
  readonly name: string;
  readonly nodeId: NodeId;
  readonly plan: NodePlan;
  readonly folder: string;
  /** Handed to the node when it starts; what changes in it counts at once. */
  faults: NodeFaults = {};
  /** Asked when a run starts. */
  readonly runtimeFaults: RuntimeFaults = {};
  readonly #ports: HostPorts;
  #live: Live | undefined;
  #starts = 0;

  constructor(plan: NodePlan, ports: HostPorts) {
    this.name = plan.name;
    this.plan = plan;
    this.nodeId = nodeIdFor(plan.owner.signer);
    this.#ports = ports;
    this.folder = join(ports.chain.folder, plan.name);
  }

  /** @throws Error while it is killed */
  get node(): RunningNode {
    return this.#running.node;
  }

  get transport(): Transport {
    return this.#running.transport;
  }

  get isRunning(): boolean {
    return this.#live !== undefined;
  }

  get #running(): Live {
    if (this.#live === undefined) throw new Error(`${this.name} is not running`);
    return this.#live;
  }

  async start(): Promise<void> {
    const { chain, hub, log, seed } = this.#ports;
    const { clock, file, client } = chain;
    mkdirSync(this.folder, { recursive: true });
    const { signer, secret } = this.plan.operator;
    const chainStore = new ChainStore(join(this.folder, "chain.sqlite"), file.networkId);
    const live = new LiveSnapshot(client, { store: chainStore, clock, fromBlock: file.fromBlock });
    const sender = new Sender(client, { signer, store: chainStore, clock });
    const beacon = await readBeaconClock(client);
    const origin = { nodeId: this.nodeId, fromBlock: file.fromBlock };
    const port = connectChain({ client, live, sender, store: chainStore, beacon, ...origin });
    const transport = createMemoryTransport(hub, { privateKey: secret, networkId: file.networkId });
    for (const peer of this.#ports.peers()) await transport.connect(peer).catch(() => {});
    const store = openStore(join(this.folder, "store.sqlite"));
    const runtime = createInlineRuntime({
      ...{ folder: join(this.folder, "runs"), clock, segmentSeconds: this.plan.segmentSeconds },
      faults: this.runtimeFaults,
    });
    const drand = await this.#drand();
    let stuck = this.plan.stuckReplays;
    const node = await startNode(
      { nodeId: this.nodeId, networkId: file.networkId, settings: this.#settings(), faults: this.faults },
      {
        ...(drand === undefined ? {} : { drand }),
        ...{ clock, transport, log: log.child({ who: this.name }), chain: port, operator: signer, runtime, store },
        // An audit takes no virtual time: else its windows of seconds would close on a slow machine.
        replay: async (options) => {
          if (stuck-- > 0) await clock.sleep(stuckMs, options.signal);
          return clock.hold(() => inlineReplay(options));
        },
        courtProgram: (options) => clock.hold(() => inlineCourtProgram(options)),
        openDispute: (options) => inlineDispute(options, (work) => clock.hold(work)),
        ...{ blobs: openBlobs(join(this.folder, "blobs"), { now: () => clock.now() }) },
        // A second life must not draw the numbers of the first one again.
        random: randomOf(seed, `${this.name}/${this.#starts++}`),
      },
    );
    const close = async () => {
      await node.stop();
      await port.stop();
      await live.stop();
      await runtime.abandon();
      await transport.stop();
      closeStore(store);
      chainStore.close();
    };
    this.#live = { node, transport, sender, runtime, close };
  }

  /** Relays answer in no virtual time. */
  async #drand(): Promise<DrandSource | undefined> {
    const { clock, file, client } = this.#ports.chain;
    const chain = await readDrandNetwork(client);
    if (chain === undefined || file.beacon.kind !== "drand") return undefined;
    const { chainHash, relays } = file.beacon;
    const source = drandRelays({ chain, chainHash, relays, clock });
    return { chain, fetch: (round, signal) => clock.hold(() => source.fetch(round, signal)) };
  }

  #settings() {
    const { pricePerUnitSecond, capacity } = this.plan;
    const pool = {
      poolId: 0n,
      class: poolClass,
      units: capacity,
      attributes: poolAttributes,
      pricePerUnitSecond,
      region: 0n,
    };
    return {
      pools: this.plan.sells ? [pool] : [],
      priceJitterPpm: 0n,
      court: { ...defaultSettings.court, ...this.plan.court },
      caps: { threads: 16, memoryMiB: 4096, leases: 8, holdMiB: 64 },
      ...{ region: 0n, offerIntervalSeconds: 5, maxUnpaidSegments: 4, announce: [] },
    };
  }

  async stop(): Promise<void> {
    const live = this.#live;
    this.#live = undefined;
    await live?.close();
  }

  /** Cuts it off from network, chain and its runs first, so that nothing it does on its way out reaches anybody. */
  async kill(): Promise<void> {
    const live = this.#live;
    if (live === undefined) return;
    this.#ports.hub.kill(live.transport.peerId);
    live.sender.close();
    await live.runtime.abandon();
    await this.stop();
  }
}

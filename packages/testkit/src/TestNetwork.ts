// The whole network in one process: a real chain under a virtual clock, real contracts, nodes and gateways started by
// their own start functions over an in-memory transport, keys and faults from one seed.
//
// Real: chain, contracts, signatures, kernels, stores on disk. Not real: sockets and processes (tests/chaos has those).
import { ChainStore } from "@weft/chain/ChainStore";
import { LiveSnapshot } from "@weft/chain/LiveSnapshot";
import { type Balances, balances } from "@weft/chain/reads";
import type { Snapshot } from "@weft/chain/Snapshot";
import type { Manner } from "@weft/node/beacon/drandRelayFixture";
import type { CourtLimits, NodeFaults } from "@weft/node/NodeContext";
import type { PresetName } from "@weft/protocol/Params";
import type { Corruption } from "@weft/tensor/train/Trainer";
import { tinyCorpus } from "@weft/tensor/train/tinyTrainProgram";
import { type MemoryFaults, MemoryHub } from "@weft/transport/MemoryHub";
import { identityOf } from "@weft/transport/PeerIdentity";
import { type Logger, pino } from "pino";
import { discrepancies, readConservation } from "./conservation.ts";
import { GatewayHost, type HostPorts } from "./GatewayHost.ts";
import { JobHandle } from "./JobHandle.ts";
import { type JobChanges, tinyJob } from "./jobs.ts";
import { NodeHost } from "./NodeHost.ts";
import { giftsFor, give, prepareBuyer, register } from "./provision.ts";
import { drawBelow, keyOf, randomOf, type SeededKey } from "./seed.ts";
import { startTestChain, type TestChain } from "./TestChain.ts";

export interface NodeWish {
  /** Stablecoin units per unit and second; node n asks 100 + 10n by default. */
  price?: bigint;
  /** Units of its pool; 1 by default. */
  capacity?: bigint;
  /** WEFT units; the preset's least by default. */
  stake?: bigint;
  /** Stablecoin units; 10 stablecoins by default. */
  bonds?: bigint;
  /** Whether it offers its pool; a node that does not still holds, audits and draws. */
  sells?: boolean;
  faults?: NodeFaults;
  /** What its owner lets it do in disputes; the node's own defaults else. */
  court?: Partial<CourtLimits>;
  /** The first so many replays of its audits never end by themselves; none by default. */
  stuckReplays?: number;
}

export interface TestNetworkOptions {
  seed: number;
  /** How many, or what each is like. */
  nodes: number | readonly NodeWish[];
  /** Gateways, all of one buyer; 1 by default. */
  gateways?: number;
  preset?: PresetName;
  /** Of the transport. */
  faults?: MemoryFaults;
  /** A drand network feeds the beacon, with a relay of each manner; those that keep silent would stop the clock. */
  drandRelays?: readonly Exclude<Manner, "mute" | "half">[];
  /** Virtual seconds between blocks; 0.5 by default. */
  blockSeconds?: number;
  /** Virtual seconds a segment takes; 2 by default. */
  segmentSeconds?: number;
  /** Stablecoin units in the buyer's escrow; 50 stablecoins by default. */
  escrow?: bigint;
  /** What the gateways' sessions may reserve a day. */
  dailyCap?: bigint;
  /** Log level; `WEFT_LOG` or silent by default. */
  logLevel?: string;
}

/** Virtual milliseconds that a wait takes at most, so that a slow machine has as many tries as a fast one. */
const patienceMs = 900_000;
const quietBits = [31, 22, 21, 20] as const;
/** Virtual milliseconds; setting up takes half of it. */
const alignMs = 10_000;

/** `WEFT_SEED` overrides the seed, to run a test's story with other keys, draws and faults. */
export async function startTestNetwork(wanted: TestNetworkOptions): Promise<TestNetwork> {
  const options = { ...wanted, seed: Number(process.env["WEFT_SEED"] ?? wanted.seed) };
  const { preset = "minimal", blockSeconds = 0.5 } = options;
  process.stderr.write(`test network: seed ${options.seed}\n`);
  const { drandRelays = [] } = options;
  const chain = await startTestChain({ preset, blockSeconds, drandRelays });
  const network = new TestNetwork(chain, options);
  try {
    await network.open();
    return network;
  } catch (error) {
    await network.close();
    throw error;
  }
}

export class TestNetwork {
  readonly chain: TestChain;
  readonly hub: MemoryHub;
  readonly nodes: readonly NodeHost[];
  readonly gateways: readonly GatewayHost[];
  readonly buyer: SeededKey;
  readonly random: (bytes: number) => Uint8Array;
  readonly #options: TestNetworkOptions;
  readonly #jobs: JobHandle[] = [];
  readonly #observerStore: ChainStore;
  readonly #observer: LiveSnapshot;

  constructor(chain: TestChain, options: TestNetworkOptions) {
    const { seed } = options;
    this.#options = options;
    this.chain = chain;
    this.random = randomOf(seed, "network");
    this.hub = new MemoryHub({ seed, clock: chain.clock, ...(options.faults && { faults: options.faults }) });
    this.buyer = keyOf(seed, "buyer");
    const ports: HostPorts = {
      ...{ seed, chain, hub: this.hub, log: logOf(options), peers: () => this.#peers() },
    };
    this.nodes = wishesOf(options).map((wish, index) => this.#host(wish, index, ports));
    this.gateways = Array.from({ length: options.gateways ?? 1 }, (_, index) => {
      const name = `gateway-${index + 1}`;
      const session = keyOf(seed, name);
      return new GatewayHost({ name, session, buyer: lower(this.buyer.signer.address) }, ports);
    });
    this.#observerStore = new ChainStore(":memory:", chain.file.networkId);
    this.#observer = new LiveSnapshot(chain.client, {
      ...{ store: this.#observerStore, clock: chain.clock, fromBlock: chain.file.fromBlock },
    });
  }

  #host(wish: NodeWish, index: number, ports: HostPorts): NodeHost {
    const name = `node-${index + 1}`;
    const { seed, segmentSeconds = 2 } = this.#options;
    const host = new NodeHost(
      {
        ...{ name, owner: keyOf(seed, `${name} owner`), operator: keyOf(seed, `${name} operator`), segmentSeconds },
        ...{ pricePerUnitSecond: wish.price ?? 100n + 10n * BigInt(index), capacity: wish.capacity ?? 1n },
        ...{ sells: wish.sells ?? true, stuckReplays: wish.stuckReplays ?? 0 },
        court: wish.court ?? {},
      },
      ports,
    );
    host.faults = wish.faults ?? {};
    return host;
  }

  /** Money, registrations, then nodes and gateways. */
  async open(): Promise<void> {
    const { chain } = this;
    const payer = { client: chain.client, clock: chain.clock };
    const escrow = this.#options.escrow ?? 50_000_000n;
    const wishes = wishesOf(this.#options);
    const registrations = this.nodes.map(({ plan }, index) => {
      const { stake, bonds = 10_000_000n } = wishes[index] as NodeWish;
      const { peerId } = identityOf(plan.operator.secret);
      return {
        ...{ owner: plan.owner.signer, operator: plan.operator.signer, capacity: plan.capacity, bonds },
        ...{ endpoint: `/memory/${peerId}/p2p/${peerId}`, ...(stake === undefined ? {} : { stake }) },
      };
    });
    await give(payer, [
      { to: this.buyer.signer.address, stable: escrow },
      ...this.gateways.map(({ plan }) => ({ to: plan.session.signer.address })),
      ...registrations.flatMap((registration) => giftsFor(payer, registration)),
    ]);
    const { dailyCap } = this.#options;
    const cap = dailyCap === undefined ? {} : { dailyCap };
    await Promise.all(registrations.map((registration) => register(payer, registration)));
    for (const [index, { plan }] of this.gateways.entries()) {
      const session = plan.session.signer.address;
      await prepareBuyer(payer, { buyer: this.buyer.signer, session, escrow: index === 0 ? escrow : 0n, ...cap });
    }
    for (const node of this.nodes) await node.start();
    for (const gateway of this.gateways) await gateway.start();
    const admitted = ({ sells, stake }: NodeWish) => sells !== false && (stake ?? minStake) >= minStake;
    const { minStake } = chain.client.params;
    const sellers = wishes.filter(admitted).length;
    await this.until("every gateway knows every node's offer", () =>
      this.gateways.every(({ gateway }) => gateway.context.book.offers.size >= sellers) ? true : undefined,
    );
    // Orders carry times: starting every run at the same one gives equal seeds equal orders.
    await chain.clock.sleep(alignMs - (chain.clock.now() % alignMs));
  }

  /** Buys the tiny job with changes. @throws WeftError what the gateway refuses the job file with */
  async buy(changes: JobChanges = {}, gateway: GatewayHost = this.gateways[0] as GatewayHost): Promise<JobHandle> {
    const { context, jobs } = gateway.gateway;
    const corpus = await context.blobs.put(tinyCorpus, { maxBytes: tinyCorpus.length });
    const jobId = await jobs.create({ job: tinyJob(changes), corpus });
    const job = new JobHandle(jobId, gateway.gateway, {
      clock: this.chain.clock,
      onlookers: () => this.#reachHead(),
    });
    this.#jobs.push(job);
    return job;
  }

  /** @throws Error when no node has this name or id */
  node(nameOrId: string): NodeHost {
    const found = this.nodes.find(({ name, nodeId }) => name === nameOrId || nodeId === nameOrId);
    if (found === undefined) throw new Error(`there is no node ${nameOrId}`);
    return found;
  }

  gateway(index = 0): GatewayHost {
    return this.gateways[index] as GatewayHost;
  }

  /** Drops a node or gateway at once; its disk stays. */
  async kill(host: NodeHost | GatewayHost): Promise<void> {
    await host.kill();
  }

  async restart(host: NodeHost | GatewayHost): Promise<void> {
    await host.start();
    if (host instanceof GatewayHost)
      for (const job of this.#jobs) if (host.gateway.context.store.getJob(job.jobId)) job.follow(host.gateway);
  }

  /** Only hosts of one group reach each other until `heal`. */
  partition(...groups: (NodeHost | GatewayHost)[][]): void {
    this.hub.partition(...groups.map((group) => group.map((host) => peerOf(host))));
  }

  heal(): void {
    this.hub.heal();
  }

  /**
   * In each of the node's next runs, one bit of one weight flips after `step`, a random one of `steps` where none is
   * named; once, or `everySteps` from there on. Returns the flips by lease, which fills as runs start.
   */
  corrupt(host: NodeHost, where: Partial<Corruption> & { steps?: number } = {}): ReadonlyMap<string, Corruption> {
    const flips = new Map<string, Corruption>();
    // In the court it says what it computed.
    host.faults.history = ({ leaseId, side }) => (side === "defender" ? flips.get(leaseId) : undefined);
    host.runtimeFaults.corrupt = (leaseId) => {
      const again = flips.get(leaseId);
      if (again !== undefined) return again;
      const flip = {
        ...(where.everySteps === undefined ? {} : { everySteps: where.everySteps }),
        step: where.step ?? drawBelow(this.random, where.steps ?? 24),
        tensor: where.tensor ?? "model.embed_tokens.weight",
        index: where.index ?? drawBelow(this.random, 150),
        // The sign or a high bit of the mantissa: a change that the next steps don't round away, nor one that ends in a NaN.
        bit: where.bit ?? quietBits[drawBelow(this.random, quietBits.length)]!,
      };
      flips.set(leaseId, flip);
      return flip;
    };
    return flips;
  }

  /** From its next start on, the node answers nobody who asks for checkpoints. */
  async withholdCheckpoints(host: NodeHost): Promise<void> {
    await this.#restartWith(host, { withholdCheckpoints: true });
  }

  /** From its next start on, the node says that every segment it audits is false. */
  async lyingAuditor(host: NodeHost): Promise<void> {
    await this.#restartWith(host, { lyingAuditor: true });
  }

  /** From its next start on, the node signs that it holds whatever it is asked to hold, and holds nothing. */
  async lyingHolder(host: NodeHost): Promise<void> {
    await this.#restartWith(host, { lyingHolder: true });
  }

  async #restartWith(host: NodeHost, faults: NodeFaults): Promise<void> {
    await host.stop();
    host.faults = { ...host.faults, ...faults };
    await host.start();
  }

  /** Chain state as a bystander sees it. */
  get snapshot(): Snapshot {
    return this.#observer.current;
  }

  /** Money by name: "buyer", "node-1" (its owner). */
  async balances(): Promise<Record<string, Balances>> {
    const { client } = this.chain;
    const owners = this.nodes.map(({ name, plan }) => [name, plan.owner.signer.address] as const);
    const all = [["buyer", this.buyer.signer.address] as const, ...owners];
    return Object.fromEntries(
      await Promise.all(all.map(async ([name, address]) => [name, await balances(client, address)] as const)),
    );
  }

  /** Money in = paid + held. @throws Error naming what does not add up */
  async conservation(): Promise<void> {
    const { client, clock } = this.chain;
    await this.#reachHead();
    // A chain that is making a block answers some calls after it and others before it, all under the old number.
    const wrong = await clock.standstill(async () => {
      if ((await client.rpc.getBlockNumber()) !== this.snapshot.block) return undefined;
      return discrepancies(await readConservation(client, this.snapshot));
    });
    if (wrong === undefined) return await this.conservation();
    if (wrong.length > 0) throw new Error(`money is not conserved (seed ${this.#options.seed}): ${wrong.join("; ")}`);
  }

  /** Brings `snapshot` to the block that is the chain's head now. */
  async #reachHead(): Promise<void> {
    await this.#observer.reach(await this.chain.client.rpc.getBlockNumber(), patienceMs);
  }

  /** Looks again every 50 virtual ms. @throws Error when patience ends */
  async until<T>(what: string, find: () => T | undefined | Promise<T | undefined>): Promise<T> {
    const end = this.chain.clock.now() + patienceMs;
    for (;;) {
      const found = await find();
      if (found !== undefined) return found;
      if (this.chain.clock.fault !== undefined) throw this.chain.clock.fault;
      if (this.chain.clock.now() > end) throw new Error(`it did not happen that ${what}`);
      await this.chain.clock.sleep(50);
    }
  }

  /** Virtual seconds pass. */
  async pass(seconds: number): Promise<void> {
    await this.chain.clock.sleep(seconds * 1000);
  }

  /** Ends everything; fails when money is not conserved. */
  async stop(): Promise<void> {
    try {
      await this.conservation();
    } finally {
      await this.close();
    }
  }

  async close(): Promise<void> {
    for (const job of this.#jobs) job.close();
    await Promise.all([...this.gateways, ...this.nodes].map((host) => host.stop()));
    await this.#observer.stop();
    this.#observerStore.close();
    await this.chain.stop();
  }

  #peers(): string[] {
    return [...this.nodes, ...this.gateways].map(peerOf).filter((peer) => this.hub.node(peer) !== undefined);
  }
}

const peerOf = (host: NodeHost | GatewayHost): string =>
  identityOf(host instanceof NodeHost ? host.plan.operator.secret : host.plan.session.secret).peerId;
const lower = (address: string) => address.toLowerCase() as `0x${string}`;
const wishesOf = ({ nodes }: TestNetworkOptions): readonly NodeWish[] =>
  typeof nodes === "number" ? Array.from({ length: nodes }, () => ({})) : nodes;

function logOf(options: TestNetworkOptions): Logger {
  const level = options.logLevel ?? process.env["WEFT_LOG"] ?? "silent";
  return pino({ level, base: null }, pino.destination({ fd: 2, sync: true }));
}

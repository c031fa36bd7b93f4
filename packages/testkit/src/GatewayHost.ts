// One gateway of a test network: its folder and keys, which outlive a kill, and the gateway that runs from them.
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { ChainStore } from "@weft/chain/ChainStore";
import { LiveSnapshot } from "@weft/chain/LiveSnapshot";
import * as NetworkFile from "@weft/chain/NetworkFile";
import { Sender } from "@weft/chain/Sender";
import { connectChain } from "@weft/gateway/chain/connectChain";
import { openJobStore } from "@weft/gateway/jobs/JobStore";
import { type RunningGateway, startGateway } from "@weft/gateway/startGateway";
import { openBlobs } from "@weft/host/blobs/BlobStore";
import type { MemoryHub } from "@weft/transport/MemoryHub";
import { createMemoryTransport } from "@weft/transport/MemoryTransport";
import type { Transport } from "@weft/transport/Transport";
import type { Logger } from "pino";
import type { Address } from "viem";
import { inlineCourtProgram, inlineEvaluate } from "./InlineRuntime.ts";
import { randomOf, type SeededKey } from "./seed.ts";
import type { TestChain } from "./TestChain.ts";

export interface HostPorts {
  seed: number;
  chain: TestChain;
  hub: MemoryHub;
  log: Logger;
  /** Peers to connect to at start. */
  peers(): string[];
}

export interface GatewayPlan {
  name: string;
  session: SeededKey;
  buyer: Address;
}

interface Live {
  gateway: RunningGateway;
  transport: Transport;
  sender: Sender;
  close(): Promise<void>;
}

export class GatewayHost {
  readonly name: string;
  readonly plan: GatewayPlan;
  readonly folder: string;
  readonly #ports: HostPorts;
  #live: Live | undefined;
  #starts = 0;

  constructor(plan: GatewayPlan, ports: HostPorts) {
    this.name = plan.name;
    this.plan = plan;
    this.#ports = ports;
    this.folder = join(ports.chain.folder, plan.name);
  }

  /** @throws Error while it is killed */
  get gateway(): RunningGateway {
    if (this.#live === undefined) throw new Error(`${this.name} is not running`);
    return this.#live.gateway;
  }

  get peerId(): string | undefined {
    return this.#live?.transport.peerId;
  }

  async start(): Promise<void> {
    const { chain, hub, log, seed } = this.#ports;
    const { clock, file, client } = chain;
    mkdirSync(this.folder, { recursive: true });
    const signer = this.plan.session.signer;
    const store = new ChainStore(join(this.folder, "chain.sqlite"), file.networkId);
    const live = new LiveSnapshot(client, { store, clock, fromBlock: file.fromBlock });
    const sender = new Sender(client, { signer, store, clock });
    live.subscribe((_, item) => {
      if (item.kind === "rewind") void sender.rewound(item.toBlock);
    });
    const transport = createMemoryTransport(hub, { privateKey: this.plan.session.secret, networkId: file.networkId });
    for (const peer of this.#ports.peers()) await transport.connect(peer).catch(() => {});
    const jobs = openJobStore(join(this.folder, "jobs.sqlite"));
    const port = connectChain({ client, live, sender, clock, ...NetworkFile.originOf(file) });
    const gateway = await startGateway(
      { http: { host: "127.0.0.1", port: 0, token: "testkit" }, networkFile: JSON.parse(NetworkFile.encode(file)) },
      {
        ...{
          clock,
          transport,
          log: log.child({ who: this.name }),
          chain: port,
          session: signer,
          buyer: this.plan.buyer,
        },
        // A second life must not draw the numbers of the first one again.
        random: randomOf(seed, `${this.name}/${this.#starts++}`),
        ...{ store: jobs, blobs: openBlobs(join(this.folder, "blobs"), { now: () => clock.now() }) },
        evaluate: (options) => clock.hold(() => inlineEvaluate(options)),
        courtProgram: (options) => clock.hold(() => inlineCourtProgram(options)),
        ...{ networkId: file.networkId, outDir: join(this.folder, "out") },
      },
    );
    const close = async () => {
      await gateway.stop();
      await port.stop();
      await transport.stop();
      store.close();
      jobs.close();
    };
    this.#live = { gateway, transport, sender, close };
  }

  async stop(): Promise<void> {
    const live = this.#live;
    this.#live = undefined;
    await live?.close();
  }

  /** Cuts it off from network and chain first, so that nothing it does on its way out reaches anybody. */
  async kill(): Promise<void> {
    const live = this.#live;
    if (live === undefined) return;
    this.#ports.hub.kill(live.transport.peerId);
    // Its jobs must not write down that they failed because they were cut off: a killed process writes nothing.
    const stopped = live.gateway.jobs.stop();
    live.sender.close();
    await stopped;
    await this.stop();
  }
}

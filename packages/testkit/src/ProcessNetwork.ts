// A network of real processes over real sockets: anvil with interval mining, `apps/node` and `apps/gateway` as users run
// them, so that kill -9 is kill -9. Slower than TestNetwork; for what only a process can show.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ChainStore } from "@weft/chain/ChainStore";
import { deployerKey, faucetKey } from "@weft/chain/DevAccounts";
import * as DevChain from "@weft/chain/DevChain";
import { deploy } from "@weft/chain/deploy";
import { signerOf } from "@weft/chain/Keys";
import { LiveSnapshot } from "@weft/chain/LiveSnapshot";
import * as NetworkFile from "@weft/chain/NetworkFile";
import type { Snapshot } from "@weft/chain/Snapshot";
import { connect, followJob } from "@weft/cli/GatewayClient";
import { type Home, homeAt, repositoryRoot } from "@weft/cli/Home";
import { submitJob } from "@weft/cli/job/submitJob";
import { type Child, spawnChild } from "@weft/cli/process/Child";
import { buyerKey, type NodeKeys, nodeKeys, sessionKey } from "@weft/cli/start/keys";
import { endpointOf, nodeProcess } from "@weft/cli/start/nodeProcess";
import { isFinal, type JobEvent } from "@weft/protocol/JobEvent";
import type { NodeId } from "@weft/protocol/NodeId";
import { type PresetName, presets } from "@weft/protocol/Params";
import type { Corruption } from "@weft/tensor/train/Trainer";
import { systemClock } from "@weft/transport/Clock";
import { discrepancies, readConservation } from "./conservation.ts";
import { giftsFor, give, nodeIdFor, prepareBuyer, register } from "./provision.ts";

const chainId = 31_337;
const escrow = 50_000_000n;
const bonds = 10_000_000n;
/** How long a process has to be ready, on a slow machine too. */
const readyMs = 300_000;
const address = "127.0.0.1";

interface Machine {
  name: string;
  nodeId: NodeId;
  keys: NodeKeys;
  port: number;
  price: bigint;
  child?: Child;
}

export interface ProcessNetworkOptions {
  nodes: number;
  /** `minimal` by default: its clocks are too short for a court whose players are killed. */
  preset?: PresetName;
  /** What the runs of nodes compute falsely, by name. */
  corrupt?: Readonly<Record<string, Corruption>>;
}

export async function startProcessNetwork(options: ProcessNetworkOptions): Promise<ProcessNetwork> {
  const home = homeAt(mkdtempSync(join(tmpdir(), "weft-processes-")));
  const network = new ProcessNetwork(home, options);
  try {
    await network.open();
    return network;
  } catch (error) {
    await network.stop();
    throw error;
  }
}

export class ProcessNetwork {
  readonly home: Home;
  readonly machines: Machine[] = [];
  readonly #options: ProcessNetworkOptions;
  #chain: DevChain.DevChain | undefined;
  #file: NetworkFile.NetworkFile | undefined;
  #gateway: { child: Child; port: number } | undefined;
  #observer: LiveSnapshot | undefined;
  #observerStore: ChainStore | undefined;

  constructor(home: Home, options: ProcessNetworkOptions) {
    this.home = home;
    this.#options = options;
  }

  get file(): NetworkFile.NetworkFile {
    if (this.#file === undefined) throw new Error("the network is not up");
    return this.#file;
  }

  get snapshot(): Snapshot {
    if (this.#observer === undefined) throw new Error("the network is not up");
    return this.#observer.current;
  }

  async open(): Promise<void> {
    const { nodes } = this.#options;
    for (const folder of [this.home.run, this.home.gateway]) mkdirSync(folder, { recursive: true, mode: 0o700 });
    this.#chain = await DevChain.start({ folder: this.home.chain, stateIntervalSeconds: 1 });
    await this.#deploy();
    for (let index = 0; index < nodes; index++) {
      const name = `node-${index + 1}`;
      const keys = await nodeKeys(this.home, name);
      const nodeId = nodeIdFor(keys.owner.signer);
      this.machines.push({ name, keys, nodeId, port: await freePort(), price: 100n + 10n * BigInt(index) });
    }
    await this.#provision();
    await Promise.all([this.startGateway(), ...this.machines.map((machine) => this.startNode(machine.name))]);
    this.#observerStore = new ChainStore(":memory:", this.file.networkId);
    this.#observer = new LiveSnapshot(NetworkFile.clientOf(this.file), {
      ...{ store: this.#observerStore, clock: systemClock, fromBlock: this.file.fromBlock },
    });
    await this.until("the gateway hears every offer", async () => {
      const response = await fetch(`${this.url}/v1/offers`, { headers: this.#headers() });
      const { offers } = (await response.json()) as { offers: unknown[] };
      return offers.length >= nodes ? true : undefined;
    });
  }

  async #deploy(): Promise<void> {
    const { rpcUrl } = this.#chain as DevChain.DevChain;
    const { preset = "minimal" } = this.#options;
    const deployment = await deploy({
      ...{ rpcUrl, chainId, params: presets[preset], clock: systemClock, signer: signerOf(deployerKey) },
      treasury: signerOf(faucetKey).address,
    });
    const { contracts, fromBlock } = deployment;
    const profile = { blockSeconds: 0.25, confirmations: 1 };
    this.#file = await NetworkFile.describe({ rpcUrl, chainId, contracts, fromBlock, preset, profile, bootstrap: [] });
  }

  async #provision(): Promise<void> {
    const payer = { client: NetworkFile.clientOf(this.file), clock: systemClock };
    const [buyer, session] = await Promise.all([buyerKey(this.home), sessionKey(this.home)]);
    const registrations = this.machines.map(({ keys, port }) => ({
      ...{ owner: keys.owner.signer, operator: keys.operator.signer, capacity: 1n, bonds },
      endpoint: endpointOf(keys.operator.secret, { address, port }),
    }));
    await give(payer, [
      { to: buyer.signer.address, stable: escrow },
      { to: session.signer.address },
      ...registrations.flatMap((registration) => giftsFor(payer, registration)),
    ]);
    await Promise.all([
      prepareBuyer(payer, { buyer: buyer.signer, session: session.signer.address, escrow }),
      ...registrations.map((registration) => register(payer, registration)),
    ]);
    const bootstrap = registrations.map(({ endpoint }) => endpoint);
    this.#file = { ...this.file, bootstrap };
    writeFileSync(this.home.network, NetworkFile.encode(this.file));
  }

  machine(name: string): Machine {
    const found = this.machines.find((one) => one.name === name || one.nodeId === name);
    if (found === undefined) throw new Error(`there is no node ${name}`);
    return found;
  }

  async startNode(name: string): Promise<void> {
    const { nodeId, port, price } = this.machine(name);
    const plan = { name, nodeId, address, port, pricePerUnitSecond: price, share: this.machines.length };
    const corrupt = this.#options.corrupt?.[name];
    const child = spawnChild(nodeProcess(this.home, { ...plan, ...(corrupt && { corrupt }) }));
    this.machine(name).child = child;
    await child.ready(readyMs);
  }

  /** kill -9 of this node's own process; its data stays. */
  async killNode(name: string): Promise<void> {
    const machine = this.machine(name);
    await endAtOnce(machine.child);
    delete machine.child;
  }

  get url(): string {
    return `http://${address}:${this.#gateway?.port}`;
  }

  async startGateway(): Promise<void> {
    const buyer = await buyerKey(this.home);
    const port = this.#gateway?.port ?? (await freePort());
    const child = spawnChild({
      ...{ role: "gateway", script: join(repositoryRoot, "apps/gateway/src/main.ts") },
      parameters: [
        ...["--home", this.home.gateway, "--network", this.home.network, "--buyer", buyer.signer.address],
        ...["--out", this.home.out, "--port", String(port)],
      ],
      logFile: join(this.home.gateway, "gateway.log"),
    });
    this.#gateway = { child, port };
    await child.ready(readyMs);
  }

  async killGateway(): Promise<void> {
    await endAtOnce(this.#gateway?.child);
  }

  /** kill -9 of anvil, then the same folder and port again: it may have lost its last blocks. */
  async crashChain(): Promise<{ lostBlocks: bigint }> {
    const chain = this.#chain as DevChain.DevChain;
    const { rpc } = NetworkFile.clientOf(this.file);
    const before = await rpc.getBlockNumber();
    await chain.kill();
    this.#chain = await DevChain.start({ folder: this.home.chain, stateIntervalSeconds: 1, port: chain.port });
    const after = await rpc.getBlockNumber();
    return { lostBlocks: after < before ? before - after : 0n };
  }

  #client() {
    return connect({ url: this.url, tokenFile: this.home.gatewayToken });
  }

  #headers() {
    return { authorization: `Bearer ${this.#client().token}` };
  }

  async buy(data: object, corpus: Uint8Array): Promise<string> {
    return await submitJob(this.#client(), { data, corpus: Uint8Array.from(corpus) });
  }

  /** Events as they come, over a gateway that may be killed and started again meanwhile. */
  async *follow(jobId: string): AsyncGenerator<JobEvent> {
    const until = performance.now() + 900_000;
    for (let next = 1; performance.now() < until; await systemClock.sleep(200)) {
      try {
        for await (const event of followJob(this.#client(), jobId, { from: next })) {
          next = event.seq + 1;
          yield event;
          if (isFinal(event)) return;
        }
      } catch {
        // The gateway is down; it comes back with the same job.
      }
    }
  }

  async until<T>(what: string, find: () => T | undefined | Promise<T | undefined>, patienceMs = 300_000): Promise<T> {
    const end = performance.now() + patienceMs;
    for (;;) {
      const found = await Promise.resolve(find()).catch(() => undefined);
      if (found !== undefined) return found;
      if (performance.now() > end) throw new Error(`it did not happen that ${what}`);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }

  /** Money in = paid + held, once nothing moves any more. @throws Error naming what does not add up */
  async conservation(): Promise<void> {
    const client = NetworkFile.clientOf(this.file);
    const wrong = await this.until("two looks at one block", async () => {
      const { block } = this.snapshot;
      const found = discrepancies(await readConservation(client, this.snapshot));
      return found.length === 0 || this.snapshot.block === block ? found : undefined;
    });
    if (wrong.length > 0) throw new Error(`money is not conserved: ${wrong.join("; ")}`);
  }

  async stop(): Promise<void> {
    await this.#observer?.stop();
    this.#observerStore?.close();
    const children = [this.#gateway?.child, ...this.machines.map(({ child }) => child)];
    await Promise.all(children.map((child) => endAtOnce(child)));
    await this.#chain?.stop();
    rmSync(this.home.root, { recursive: true, force: true });
  }
}

/** kill -9, without a word before it. */
async function endAtOnce(child: Child | undefined): Promise<void> {
  if (child === undefined) return;
  const gone = await Promise.race([child.exited.then(() => true), Promise.resolve(false)]);
  if (!gone) process.kill(child.pid, "SIGKILL");
  await child.exited;
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", reject);
    server.listen({ port: 0, host: address }, () => {
      const bound = server.address();
      server.close(() => resolve(typeof bound === "object" && bound !== null ? bound.port : 0));
    });
  });
}

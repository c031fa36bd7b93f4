// Brings a local network up: chain, contracts, keys, money, registrations, then nodes and gateway as processes. What can
// go on at the same time does; nothing sleeps. Every step finds what an earlier start left and adds what is missing.
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { ChainClient } from "@weft/chain/ChainClient";
import { clientOf } from "@weft/chain/NetworkFile";
import { type Capability, capabilitiesOf } from "@weft/compute/capability";
import { probe } from "@weft/node/probe/probe";
import { type Context, endpointFile } from "../Context.ts";
import { connect } from "../GatewayClient.ts";
import { type Home, makeFolder, repositoryRoot } from "../Home.ts";
import { writeNames } from "../job/nodeNames.ts";
import type { Child } from "../process/Child.ts";
import { rateOf } from "../render/figures.ts";
import { writePlainFile } from "../systemErrors.ts";
import { escrowWanted, prepareBuyer } from "./buyer.ts";
import type { Cheat } from "./cheat.ts";
import type { Family } from "./Family.ts";
import { gasMoney, topUp } from "./faucet.ts";
import { buyerKey, type HeldKey, type NodeKeys, nodeKeys, sessionKey } from "./keys.ts";
import { openNetwork } from "./network.ts";
import { childEnvironment, endpointOf, nodeProcess } from "./nodeProcess.ts";
import { defaultNodes, type NodePlan, planNodes, sharedHostNotice } from "./plan.ts";
import { openPorts, type Ports } from "./ports.ts";
import { needsOf, nodeIdFor, registerNode } from "./registerNode.ts";
import type { StartFlags } from "./StartFlags.ts";
import { untilMarket } from "./untilMarket.ts";
import { warmCache } from "./warmCache.ts";

export interface RunningNetwork {
  gatewayUrl: string;
  /** Seconds each phase took, and `total`. */
  seconds: Record<string, number>;
}

interface Launch {
  flags: StartFlags;
  /** The node that computes falsely, if one does. */
  cheat?: Cheat | undefined;
  family: Family;
  signal: AbortSignal;
}

const chainTimeoutMs = 30_000;
/** Generous: a busy machine may start seven processes at once. */
const readyTimeoutMs = 60_000;
/** An order among fewer nodes is better than none. */
const marketTimeoutMs = 15_000;
/** Longer than the gateway needs to ask every node for its offers. */
const marketQuietMs = 2500;
/** Short: everything else starts at the same time anyway. */
const measureMs = 100;

export async function launch(context: Context, options: Launch): Promise<RunningNetwork> {
  const failed = new AbortController();
  try {
    return await bringUp(context, { ...options, signal: AbortSignal.any([options.signal, failed.signal]) });
  } catch (error) {
    // What goes on beside must not keep a process that has nothing left to do.
    failed.abort();
    throw error;
  }
}

async function bringUp(context: Context, { flags, cheat, family, signal }: Launch): Promise<RunningNetwork> {
  const { home } = context;
  const phases = phaseClock(context);
  const address = flags.address ?? "127.0.0.1";
  const plans = planNodes(flags.nodes ?? defaultNodes);
  const ports = await openPorts(home, { nodes: plans.length, ...asked(flags) });
  const pace = flags.blockSeconds === undefined ? {} : { blockSeconds: flags.blockSeconds };
  const warm = warmCache(home, signal);
  const [{ rpcUrl }, machine, keys, buyer, session] = await Promise.all([
    startChain(home, family, { ports, address: flags.address, ...pace }),
    probe({ folder: home.root, measureMs }),
    Promise.all(plans.map(({ name }) => nodeKeys(home, name))),
    buyerKey(home),
    sessionKey(home),
  ]);
  phases.done("chain", `chain at ${rpcUrl}`);
  const endpoints = keys.map(({ operator }, index) =>
    endpointOf(operator.secret, { address: address, port: ports.nodes[index] as number }),
  );
  const network = await openNetwork(home, { rpcUrl, bootstrap: endpoints, ...pace });
  const client = clientOf(network);
  phases.done("contracts", `contracts of network ${network.networkId.slice(0, 10)}…, preset ${network.preset}`);
  await warm;
  writeNames(home, new Map(keys.map(({ name, owner }) => [nodeIdFor(owner.signer), name])));
  // A node waits for its registration and a gateway for its first order, so they load while the accounts are settled.
  const nodes = plans.map((plan, index) =>
    family.spawn(
      nodeProcess(home, {
        ...{ name: plan.name, nodeId: nodeIdFor((keys[index] as NodeKeys).owner.signer) },
        ...{ address, port: ports.nodes[index] as number },
        ...{ pricePerUnitSecond: plan.pricePerUnitSecond, share: plans.length },
        ...(plan.name === cheat?.name ? { corrupt: cheat.corrupt } : {}),
      }),
    ),
  );
  const ready = allReady(home, { gateway: spawnGateway(home, family, { ports, buyer, address }), nodes });
  const capabilities = capabilitiesOf(machine, { share: { nodes: plans.length } });
  const settled = settleAccounts(client, { keys, endpoints, buyer, session, capabilities });
  await Promise.race([settled, ready.then(() => settled)]);
  phases.done("accounts", `${plans.length} nodes registered, staked and bonded; buyer's escrow filled`);
  const gatewayUrl = await ready;
  phases.done("processes", `gateway at ${gatewayUrl}, ${nodes.length} nodes: ${priceList(plans)}`);
  const http = connect({ url: gatewayUrl, tokenFile: home.gatewayToken });
  const waits = { timeoutMs: marketTimeoutMs, quietMs: marketQuietMs };
  const market = await untilMarket(http, { nodes: plans.length, ...waits, signal });
  phases.done("market", `gateway connected to ${market.peers} nodes, ${market.offers} offers heard`);
  context.say(sharedHostNotice(plans.length));
  if (flags.address !== undefined)
    context.say(`other machines join with: weft node join http://${address}:${ports.door}/v1/network`);
  return { gatewayUrl, seconds: phases.seconds() };
}

const asked = ({ chainPort, gatewayPort }: StartFlags): { chain?: number; gateway?: number } => ({
  ...(chainPort === undefined ? {} : { chain: chainPort }),
  ...(gatewayPort === undefined ? {} : { gateway: gatewayPort }),
});

const script = (path: string): string => join(repositoryRoot, path);

async function startChain(
  home: Home,
  family: Family,
  { ports, address, blockSeconds }: { ports: Ports; address: string | undefined; blockSeconds?: number },
): Promise<{ rpcUrl: string }> {
  makeFolder(home.run);
  const keeper = family.spawnKeeper({
    role: "chain",
    script: fileURLToPath(new URL("./keeper.ts", import.meta.url)),
    parameters: [
      ...[home.chain, String(ports.chain)],
      ...(blockSeconds === undefined ? [] : [`--block-seconds=${blockSeconds}`]),
      ...(address === undefined ? [] : [address, String(ports.door), home.network]),
    ],
    logFile: join(home.run, "chain.log"),
  });
  const ready = await keeper.ready(chainTimeoutMs);
  return { rpcUrl: String(ready["rpcUrl"]) };
}

interface Accounts {
  keys: readonly NodeKeys[];
  endpoints: readonly string[];
  buyer: HeldKey;
  session: HeldKey;
  capabilities: readonly Capability[];
}

/** Money from the faucet first, then everybody's own transactions at the same time. */
async function settleAccounts(client: ChainClient, accounts: Accounts): Promise<void> {
  const { keys, endpoints, buyer, session, capabilities } = accounts;
  const holders = keys.map(({ name, owner, operator }) => ({ name, owner: owner.signer, operator: operator.signer }));
  const needs = await Promise.all(holders.map((keys) => needsOf(client, keys.name, keys)));
  await topUp(client, [
    ...needs.flat(),
    { who: "buyer", address: buyer.signer.address, gas: gasMoney, stable: escrowWanted },
    { who: "gateway's session", address: session.signer.address, gas: gasMoney },
  ]);
  await Promise.all([
    prepareBuyer(client, { buyer: buyer.signer, session: session.signer.address }),
    ...holders.map((held, index) =>
      registerNode(client, { ...held, endpoint: endpoints[index] as string, capabilities }),
    ),
  ]);
}

function spawnGateway(
  home: Home,
  family: Family,
  { ports, buyer, address }: { ports: Ports; buyer: HeldKey; address: string },
): Child {
  return family.spawn({
    role: "gateway",
    script: script("apps/gateway/src/main.ts"),
    parameters: [
      ...["--home", home.gateway, "--network", home.network, "--buyer", buyer.signer.address],
      ...["--out", home.out, "--port", String(ports.gateway), "--listen", `/ip4/${address}/tcp/0`],
    ],
    logFile: join(home.gateway, "gateway.log"),
    environment: childEnvironment(home),
  });
}

/** The gateway's address once everybody is ready. */
async function allReady(home: Home, { gateway, nodes }: { gateway: Child; nodes: readonly Child[] }): Promise<string> {
  const [line] = await Promise.all([gateway.ready(readyTimeoutMs), ...nodes.map((node) => node.ready(readyTimeoutMs))]);
  const url = String(line["url"]);
  writePlainFile(endpointFile(home), `${JSON.stringify({ url })}\n`);
  return url;
}

const priceList = (plans: readonly NodePlan[]): string =>
  plans.map(({ name, pricePerUnitSecond }) => `${name} asks ${rateOf(pricePerUnitSecond)} an hour`).join(", ");

function phaseClock(context: Context) {
  const begun = performance.now();
  let last = begun;
  const took: Record<string, number> = {};
  const rounded = (ms: number) => Math.round(ms / 10) / 100;
  return {
    done(phase: string, text: string) {
      const now = performance.now();
      took[phase] = rounded(now - last);
      context.say(`${took[phase].toFixed(2).padStart(6)} s  ${text}`);
      context.emit({ kind: "phase", phase, seconds: took[phase], text });
      last = now;
    },
    seconds: () => ({ ...took, total: rounded(performance.now() - begun) }),
  };
}

// `weft node …`: keys, registration, running, and the owner's switches of one provider node of this home.
import { existsSync } from "node:fs";
import { join } from "node:path";
import type { ChainClient } from "@weft/chain/ChainClient";
import * as NetworkFile from "@weft/chain/NetworkFile";
import { capabilitiesOf } from "@weft/compute/capability";
import { bondsWanted, ladderOf } from "@weft/court/gameRules";
import { exportKey as exportKeyFile, keyPath } from "@weft/host/keystore/keystore";
import { devPassword, readPassword } from "@weft/host/keystore/password";
import { writeControl } from "@weft/node/control";
import { probe } from "@weft/node/probe/probe";
import type { Openness } from "@weft/node/startNode";
import * as Amount from "@weft/protocol/Amount";
import { WeftError } from "@weft/protocol/Errors";
import { askPerSecond, hourlyStepText, roundingNote } from "@weft/protocol/hourlyPrice";
import type { Context } from "../Context.ts";
import { makeFolder, nodeHome, requireHome } from "../Home.ts";
import { spawnChild } from "../process/Child.ts";
import { amountOf, bytesOf, coinOf, rateOf } from "../render/figures.ts";
import { harmless } from "../render/terminalText.ts";
import { type CourtFlags, courtChoice } from "../start/courtChoice.ts";
import { type Need, topUp } from "../start/faucet.ts";
import { runForeground } from "../start/foreground.ts";
import { fundOperator, type Transfer } from "../start/fundOperator.ts";
import { addressTowards, fetchNetwork } from "../start/joinNetwork.ts";
import { keystoreOf, nodeKeys, passwordFile } from "../start/keys.ts";
import { readNetwork } from "../start/network.ts";
import { endpointOf, nodeProcess } from "../start/nodeProcess.ts";
import { knownSettings, type Settings, settingsFile } from "../start/nodeSettings.ts";
import { choosePort } from "../start/plan.ts";
import { needsOf, nodeIdFor, registerNode } from "../start/registerNode.ts";
import { writePlainFile } from "../systemErrors.ts";
import { nodeCourt } from "./nodeCourt.ts";
import { ownerCommand, ownerVerbs } from "./ownerMoney.ts";
import { rotateOperator } from "./rotateOperator.ts";

interface NodeFlags extends CourtFlags {
  name: string;
  /** The owner pays what the operator lacks. */
  fund?: boolean;
  force?: boolean;
  price?: string;
  address?: string;
  rpc?: string;
  role?: "operator" | "owner";
  to?: string;
}

interface Call {
  parameters: string[];
  flags: Record<string, unknown>;
}

const defaultPricePerHour = "0.612";

export async function nodeCommand(context: Context, verb: string, call: Call): Promise<number> {
  const flags = call.flags as unknown as NodeFlags;
  if (!/^[a-z0-9][a-z0-9-]{0,31}$/.test(flags.name))
    throw new WeftError(`"${flags.name}" is not a node's name`, {
      code: "node.name",
      remedy: "use 1 to 32 characters of a-z, 0-9 and dash, such as node-2",
    });
  switch (verb) {
    case "join":
      return join_(context, flags, call.parameters[0] as string);
    case "register":
      await register(context, flags);
      return 0;
    case "run":
      return run(context, flags);
    case "probe":
      return probeMachine(context);
    case "pause":
      return turn(context, flags, "paused");
    case "resume":
      return turn(context, flags, "open");
    case "drain":
      return turn(context, flags, "draining");
    case "rotate-operator":
      requireNode(context, flags);
      return rotateOperator(context, flags);
    case "court status":
    case "court deposit":
    case "court withdraw":
      requireNode(context, flags);
      return nodeCourt(context, verb, {
        ...flags,
        amount: call.parameters[0],
        court: knownSettings(context.home, flags.name)?.court,
      });
    case "export-key":
      return exportKey(context, flags);
    default:
      return await asOwner(context, verb, call);
  }
}

/** @throws WeftError `node.unknown` */
async function asOwner(context: Context, verb: string, call: Call): Promise<number> {
  const { name, to } = call.flags as unknown as NodeFlags;
  const known = ownerVerbs.find((one) => one === verb);
  if (known === undefined) throw new WeftError(`no node command ${verb}`, { code: "cli.usage", fault: "us" });
  requireNode(context, call.flags as unknown as NodeFlags);
  const [amount] = call.parameters;
  return await ownerCommand(context, known, {
    ...{ name, ...(amount === undefined ? {} : { amount }), ...(to === undefined ? {} : { to }) },
  });
}

async function probeMachine(context: Context): Promise<number> {
  const found = await probe({ folder: context.home.root });
  const { cpu, fp32, gpus, notes } = found;
  context.say(`cpu     ${cpu.threads} threads, ${cpu.model}`);
  context.say(
    `fp32    ${fp32.gflops.toFixed(1)} GFLOP/s on ${fp32.threads} threads, measured with the project's own kernel`,
  );
  context.say(`memory  ${bytesOf(found.memoryBytes)}`);
  context.say(`disk    ${bytesOf(found.diskFreeBytes)} free`);
  context.say(
    `gpus    ${gpus.map(({ name, memoryBytes }) => `${name} (${bytesOf(memoryBytes)})`).join(", ") || "none"}`,
  );
  for (const note of notes) context.say(`note    ${harmless(note)}`);
  context.emit({ kind: "summary", ok: true, ...found });
  return 0;
}

const switched: Record<Openness, string> = {
  paused: "is paused: it offers nothing more; its leases go on",
  open: "is open: it offers again",
  draining: "drains: it takes no new lease, and no new audit or beacon duty",
};

/** Works on a running node, which follows within a second, and on one that runs later. */
function turn(context: Context, flags: NodeFlags, state: Openness): number {
  requireNode(context, flags);
  writeControl(nodeHome(context.home, flags.name), state);
  context.say(`${flags.name} ${switched[state]}`);
  context.emit({ kind: "summary", ok: true, name: flags.name, state });
  return 0;
}

/** @throws WeftError `node.unknown` */
function requireNode({ home }: Context, flags: NodeFlags): void {
  requireHome(home);
  if (existsSync(keyPath(keystoreOf(home, flags.name), "operator"))) return;
  throw new WeftError(`there is no node ${flags.name} in ${home.root}`, {
    code: "node.unknown",
    remedy: "name one with --name, or make one with `weft node join FILE|URL`",
  });
}

/** What was chosen for this node before, changed by what is asked now. */
async function settingsOf(context: Context, flags: NodeFlags): Promise<Settings> {
  const known = knownSettings(context.home, flags.name);
  const { rpcUrl } = readNetwork(context.home);
  const settings: Settings = {
    address: flags.address ?? known?.address ?? (await addressTowards(rpcUrl)),
    port: await choosePort({ ...(known === undefined ? {} : { remembered: known.port }), what: "node" }),
    pricePerUnitSecond:
      flags.price === undefined && known !== undefined
        ? known.pricePerUnitSecond
        : String(perSecond(context, flags.price ?? defaultPricePerHour)),
    court: courtChoice(known?.court, flags),
  };
  writePlainFile(settingsFile(context.home, flags.name), `${JSON.stringify(settings)}\n`);
  return settings;
}

/** An hourly asking price as units per second; says so where it had to be rounded. @throws WeftError `node.price` */
function perSecond(context: Context, perHour: string): bigint {
  const asked = Amount.parse(perHour);
  const price = askPerSecond(asked);
  const remedy = `ask at least ${hourlyStepText} per hour`;
  if (price === 0n) throw new WeftError(`a price of ${perHour} per hour`, { code: "node.price", remedy });
  const note = roundingNote(asked, price);
  if (note !== undefined) context.say(`note: --price ${note}`);
  return price;
}

async function register(context: Context, flags: NodeFlags): Promise<Settings> {
  requireHome(context.home);
  const settings = await settingsOf(context, flags);
  const client = NetworkFile.clientOf(readNetwork(context.home));
  const { owner, operator } = await nodeKeys(context.home, flags.name);
  const keys = { owner: owner.signer, operator: operator.signer };
  const needs = await needsOf(client, flags.name, { ...keys, court: settings.court });
  tellNeeds(context, client, needs[1]);
  if (flags.fund) tellFunded(context, await fundOperator(client, owner.signer, needs));
  else await topUp(client, needs);
  const nodeId = await registerNode(client, {
    ...keys,
    endpoint: endpointOf(operator.secret, settings),
    capabilities: capabilitiesOf(await probe({ folder: context.home.root }), { share: { nodes: 1 } }),
  });
  context.say(`${flags.name} is registered as ${nodeId}, owner ${owner.signer.address}`);
  context.say(`it asks ${rateOf(settings.pricePerUnitSecond)} per unit and hour`);
  context.emit({
    kind: "registered",
    name: flags.name,
    nodeId,
    owner: owner.signer.address,
    operator: operator.signer.address,
    pricePerUnitSecond: settings.pricePerUnitSecond,
  });
  return settings;
}

/** What the operator's key must have: it pays for transactions, and bonds for what it challenges in the court. */
function tellNeeds(context: Context, { params }: ChainClient, { address, gas = 0n, stable = 0n }: Need): void {
  context.say(`its operator ${address} needs ${coinOf(gas)} for gas, games in the court among it`);
  if (stable > 0n)
    context.say(
      `  and ${amountOf(stable)} for bonds: ${bondsWanted(params) / ladderOf(params)} first bonds of ${amountOf(ladderOf(params))}, which come back unless it is wrong`,
    );
}

function tellFunded(context: Context, { gas, stable }: Transfer): void {
  context.say(`paid by its owner: ${coinOf(gas)} for gas, ${amountOf(stable)} for bonds`);
}

async function join_(context: Context, flags: NodeFlags, source: string): Promise<number> {
  const options = { cwd: context.cwd, ...(flags.rpc === undefined ? {} : { rpcUrl: flags.rpc }) };
  const file = await fetchNetwork(source, options);
  if (existsSync(context.home.network) && readNetwork(context.home).networkId !== file.networkId)
    throw new WeftError(`${context.home.root} belongs to another network`, {
      code: "network.other",
      remedy: "join from a folder of its own with --home DIR",
    });
  writePlainFile(context.home.network, NetworkFile.encode(file));
  context.say(
    `network ${file.networkId.slice(0, 10)}… at ${file.rpcUrl}, ${file.bootstrap.length} peers to begin with`,
  );
  await register(context, flags);
  return run(context, flags);
}

/** In the foreground until Ctrl-C; leases that run go on at the next start. */
async function run(context: Context, flags: NodeFlags): Promise<number> {
  const { home } = context;
  requireNode(context, flags);
  const { owner } = await nodeKeys(home, flags.name);
  const settings = await settingsOf(context, flags);
  makeFolder(home.run);
  const child = spawnChild(
    nodeProcess(home, {
      ...{ name: flags.name, nodeId: nodeIdFor(owner.signer), address: settings.address, port: settings.port },
      ...{ pricePerUnitSecond: BigInt(settings.pricePerUnitSecond), share: 1, court: settings.court },
    }),
  );
  return runForeground(context, child, {
    role: flags.name,
    onReady(ready) {
      context.say(`${flags.name} is up and offers; Ctrl-C ends it`);
      context.emit({ kind: "ready", name: flags.name, ...ready });
    },
  });
}

/** Prints a version 3 key file under a password of the user's: WEFT_PASSWORD, or asked for. */
async function exportKey(context: Context, flags: NodeFlags): Promise<number> {
  const folder = flags.role === "owner" ? join(context.home.owners, flags.name) : keystoreOf(context.home, flags.name);
  const environment = context.environment["WEFT_PASSWORD"];
  const password = await readPassword(environment === undefined ? {} : { environment });
  const text = await exportKeyFile(keyPath(folder, flags.role ?? "operator"), {
    password: devPassword(passwordFile(folder)),
    as: { format: "v3", password },
  });
  process.stdout.write(`${text}\n`);
  return 0;
}

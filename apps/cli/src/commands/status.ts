// `weft status`: what runs on this home and how it is: chain, gateway, money, nodes. Works without a gateway too.
import { existsSync } from "node:fs";
import { clientOf } from "@weft/chain/NetworkFile";
import { headOf } from "@weft/chain/Transaction";
import { keyPath } from "@weft/host/keystore/keystore";
import { readControl } from "@weft/node/control";
import { explain } from "@weft/protocol/Errors";
import { z } from "zod";
import { type Context, gatewayOf } from "../Context.ts";
import { request } from "../GatewayClient.ts";
import { nodeHome } from "../Home.ts";
import { readNames } from "../job/nodeNames.ts";
import { livingRecords } from "../process/RunFolder.ts";
import { amountOf, nameOf } from "../render/figures.ts";
import { wholeTable } from "../render/table.ts";
import { harmless } from "../render/terminalText.ts";
import { keystoreOf } from "../start/keys.ts";
import { readNetwork } from "../start/network.ts";
import { knownSettings } from "../start/nodeSettings.ts";
import { courtWarnings } from "./nodeCourt.ts";
import { label, left, plain, type Row, rate, rowsOf } from "./rows.ts";

export async function status(context: Context): Promise<number> {
  const processes = livingRecords(context.home);
  for (const record of processes) context.emit({ kind: "process", ...record });
  const line = (title: string, text: string) => context.say(`${title.padEnd(8)} ${text}`);
  line("home", context.home.root);
  const named = context.flags.gateway ?? context.environment["WEFT_GATEWAY"];
  if (processes.length === 0 && named === undefined) {
    context.say("nothing runs here; start a network with: npm start");
    context.emit({ kind: "summary", ok: true, running: false });
    return 0;
  }
  const chain = await chainOf(context, processes.length > 0);
  if (chain !== undefined) line("chain", chainText(chain));
  const known = await knownToGateway(context);
  line("gateway", gatewayText(known.status, pidOf(processes, "gateway")));
  line("money", moneyText(known.wallet));
  const rows = nodeRows(context, processes, known);
  for (const row of rows) context.emit({ kind: "node", ...row });
  if (rows.length > 0) {
    context.say("");
    for (const text of nodeTable(context, rows)) context.say(text);
  }
  if (chain?.block !== undefined) await warnOfCourt(context, processes);
  context.emit({ kind: "summary", ok: true, running: true, chain, ...known.status, wallet: known.wallet });
  return 0;
}

/** Nodes of this home that have less for disputes than they should. */
async function warnOfCourt(context: Context, processes: Processes): Promise<void> {
  const { home } = context;
  const names = processes
    .map(({ role }) => role)
    .filter((role) => existsSync(keyPath(keystoreOf(home, role), "operator")));
  const warnings = await Promise.all(
    names.map((name) =>
      courtWarnings(context, { name, court: knownSettings(home, name)?.court }).catch((error: unknown) => [
        `its money for disputes isn't known: ${explain(error)}`,
      ]),
    ),
  );
  for (const [i, name] of names.entries())
    for (const text of warnings[i] ?? []) {
      context.say(`${name}: ${text}`);
      context.emit({ kind: "warning", name, text });
    }
}

type Processes = ReturnType<typeof livingRecords>;
const pidOf = (processes: Processes, role: string): number | undefined =>
  processes.find((record) => record.role === role)?.pid;

interface ChainLine {
  rpcUrl: string;
  preset: string;
  /** Undefined when the chain doesn't answer. */
  block: number | undefined;
}

/** Of this home's own network; undefined when there is none, as on a machine that only names a gateway. */
async function chainOf({ home }: Context, running: boolean): Promise<ChainLine | undefined> {
  if (!running) return undefined;
  const network = readNetwork(home);
  const block = await headOf(clientOf(network)).then(Number, () => undefined);
  return { rpcUrl: network.rpcUrl, preset: network.preset, block };
}

const chainText = ({ rpcUrl, preset, block }: ChainLine): string =>
  `${rpcUrl}, ${block === undefined ? "which doesn't answer" : `block ${block}`}, parameters: ${preset}`;

const record = z.record(z.string(), z.unknown());

interface Known {
  status: Row;
  wallet: Row;
  offers: Row[];
  leases: Row[];
}

async function knownToGateway(context: Context): Promise<Known> {
  const client = gatewayOf(context);
  const [status, wallet, offers, leases] = await Promise.all([
    request(client, "/v1/status"),
    request(client, "/v1/wallet"),
    rowsOf(context, "/v1/offers", "offers"),
    rowsOf(context, "/v1/leases", "leases"),
  ]);
  return { status: record.parse(status), wallet: record.parse(wallet), offers, leases };
}

function gatewayText(status: Row, pid: number | undefined): string {
  const { peers, offers, jobs, rssMiB } = status;
  const parts = [
    `${plain(peers, status)} peers`,
    `${plain(offers, status)} offers`,
    `jobs under way: ${plain(jobs ?? 0, status)}`,
    ...(rssMiB === undefined ? [] : [`${plain(rssMiB, status)} MiB`]),
    ...(pid === undefined ? [] : [`pid ${pid}`]),
  ];
  return parts.join(", ");
}

function moneyText(wallet: Row): string {
  const units = (value: unknown): string => (/^\d{1,39}$/.test(String(value)) ? amountOf(String(value)) : "–");
  const session =
    wallet["sessionCapLeft"] === undefined
      ? "the gateway may not order: weft wallet allow"
      : `the gateway may reserve ${units(wallet["sessionCapLeft"])} more today`;
  return `${units(wallet["free"])} free in escrow; ${session}`;
}

const openStates = ["open", "inputsReady", "running"];

/** One row per node: those that run here, then others whose offers the gateway knows. */
function nodeRows({ home }: Context, processes: Processes, known: Known): Row[] {
  const names = readNames(home);
  const offerOf = new Map(known.offers.map((offer) => [nameOf(names, String(offer["nodeId"])), offer]));
  const here = processes.filter(({ role }) => role !== "gateway" && role !== "chain" && role !== "start");
  const roles = new Set([...here.map(({ role }) => role), ...offerOf.keys()]);
  return [...roles].map((name) => {
    const leases = known.leases.filter((lease) => nameOf(names, String(lease["nodeId"])) === name);
    const open = leases.filter(({ state }) => openStates.includes(String(state))).length;
    const { class: hardware, units, pricePerUnitSecond, expiresAt } = offerOf.get(name) ?? {};
    const state = offerOf.has(name) ? "offers" : "silent";
    const control = readControl(nodeHome(home, name));
    return {
      ...{ name, pid: pidOf(processes, name), state: control === undefined || control === "open" ? state : control },
      ...{ class: hardware, units, pricePerUnitSecond, expiresAt, openLeases: open, leases: leases.length },
    };
  });
}

function nodeTable({ look }: Context, rows: readonly Row[]): string[] {
  const right = "right" as const;
  const columns = [
    ...[{ title: "node" }, { title: "pid", align: right }, { title: "state" }, { title: "class" }],
    ...[
      { title: "units", align: right },
      { title: "per hour", align: right },
    ],
    ...[{ title: "for another", align: right }, { title: "leases" }],
  ];
  const cells = rows.map((row) => [
    harmless(String(row["name"])),
    plain(row["pid"], row),
    plain(row["state"], row),
    label(row["class"], row),
    plain(row["units"], row),
    rate(row["pricePerUnitSecond"], row),
    left(row["expiresAt"], row),
    `${row["openLeases"]} open, ${row["leases"]} in all`,
  ]);
  return wholeTable(columns, cells, look);
}

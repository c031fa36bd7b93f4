// What `node main.ts` is told on its command line, checked. Prices by class or one for all pools; the pools themselves
// are the ones the node registered on chain.
import { parseArgs } from "node:util";
import * as Amount from "@weft/protocol/Amount";
import { WeftError } from "@weft/protocol/Errors";
import { toBytes8 } from "@weft/protocol/HardwareClass";
import { askPerSecond } from "@weft/protocol/hourlyPrice";
import type { NodeId } from "@weft/protocol/NodeId";
import type { Corruption } from "@weft/tensor/train/Trainer";
import type { Hex } from "viem";

export interface PoolFlag {
  class: Hex;
  units: bigint;
  pricePerUnitSecond: bigint;
}

export interface NodeFlags {
  home: string;
  network: string;
  /** Absent: the node whose operator the keystore's key is. */
  nodeId?: NodeId;
  listen: string[];
  announce: string[];
  pools: PoolFlag[];
  /** Stablecoin units (1e-6) per unit and second, for pools without a flag of their own. */
  pricePerUnitSecond?: bigint;
  jitterPpm: bigint;
  name?: string;
  passwordFile?: string;
  /** Nodes that share this machine; the caps are this node's part of it. */
  share: number;
  threads?: number;
  memoryMiB?: number;
  leases?: number;
  /** Stablecoin units locked in bonds of disputes at a time. */
  courtBonds?: bigint;
  courtGas?: bigint;
  courtGames?: number;
  courtWorkers?: number;
  /** Fault injection on development chains: which bit of which weight its runs flip, and when. */
  corrupt?: Corruption;
  logLevel: string;
}

const levels = ["trace", "debug", "info", "warn", "error"];

const options = {
  home: { type: "string" },
  network: { type: "string" },
  "node-id": { type: "string" },
  listen: { type: "string", multiple: true },
  announce: { type: "string", multiple: true },
  pool: { type: "string", multiple: true },
  price: { type: "string" },
  "jitter-ppm": { type: "string" },
  name: { type: "string" },
  "password-file": { type: "string" },
  share: { type: "string" },
  threads: { type: "string" },
  "memory-mib": { type: "string" },
  leases: { type: "string" },
  "court-bonds": { type: "string" },
  "court-gas": { type: "string" },
  "court-games": { type: "string" },
  "court-workers": { type: "string" },
  corrupt: { type: "string" },
  "log-level": { type: "string" },
} as const;

/** @throws WeftError `flags.unknown`, `flags.missing`, `flags.value` */
export function parseFlags(argv: readonly string[]): NodeFlags {
  const values = read(argv);
  const nodeId = values["node-id"];
  if (nodeId !== undefined && !/^0x[0-9a-fA-F]{40}$/.test(nodeId))
    throw wrong("--node-id", nodeId, "20 bytes of 0x-hex");
  const logLevel = values["log-level"] ?? "info";
  if (!levels.includes(logLevel)) throw wrong("--log-level", logLevel, levels.join(", "));
  return {
    ...{ home: required(values.home, "--home"), network: required(values.network, "--network"), logLevel },
    listen: addresses(values.listen ?? ["/ip4/127.0.0.1/tcp/0"], "--listen"),
    announce: addresses(values.announce ?? [], "--announce"),
    pools: (values.pool ?? []).map(poolOf),
    jitterPpm: BigInt(count(values["jitter-ppm"] ?? "0", "--jitter-ppm", [0, 1_000_000])),
    share: count(values.share ?? "1", "--share", [1, 1024]),
    ...(nodeId === undefined ? {} : { nodeId: nodeId.toLowerCase() as NodeId }),
    ...(values.price === undefined ? {} : { pricePerUnitSecond: BigInt(count(values.price, "--price", [1, 1e15])) }),
    ...(values.name === undefined ? {} : { name: values.name }),
    ...(values["password-file"] === undefined ? {} : { passwordFile: values["password-file"] }),
    ...(values.threads === undefined ? {} : { threads: count(values.threads, "--threads", [1, 1024]) }),
    ...(values["memory-mib"] === undefined
      ? {}
      : { memoryMiB: count(values["memory-mib"], "--memory-mib", [64, 1_048_576]) }),
    ...(values.leases === undefined ? {} : { leases: count(values.leases, "--leases", [0, 1024]) }),
    ...courtFlags(values),
    ...(values.corrupt === undefined ? {} : { corrupt: corruptionOf(values.corrupt) }),
  };
}

function courtFlags(values: Partial<Record<`court-${"bonds" | "gas" | "games" | "workers"}`, string>>) {
  const { "court-bonds": bonds, "court-gas": gas, "court-games": games, "court-workers": workers } = values;
  return {
    ...(bonds === undefined ? {} : { courtBonds: BigInt(count(bonds, "--court-bonds", [0, 1e15])) }),
    ...(gas === undefined ? {} : { courtGas: BigInt(count(gas, "--court-gas", [0, 1e12])) }),
    ...(games === undefined ? {} : { courtGames: count(games, "--court-games", [0, 1024]) }),
    ...(workers === undefined ? {} : { courtWorkers: count(workers, "--court-workers", [1, 64]) }),
  };
}

/** STEP:EVERY:TENSOR:INDEX:BIT, after which step and every how many from there on. */
function corruptionOf(text: string): Corruption {
  const [step = "", every = "", tensor = "", index = "", bit = "", ...more] = text.split(":");
  if (tensor === "" || tensor.length > 255 || more.length > 0)
    throw wrong("--corrupt", text, "STEP:EVERY:TENSOR:INDEX:BIT such as 20:20:model.norm.weight:3:9");
  return {
    ...{ step: count(step, "--corrupt", [0, 1e9]), everySteps: count(every, "--corrupt", [1, 1e9]), tensor },
    ...{ index: count(index, "--corrupt", [0, 1e9]), bit: count(bit, "--corrupt", [0, 31]) },
  };
}

/** The flag's text. */
export const corruptionText = ({ step, everySteps = 1, tensor, index, bit }: Corruption): string =>
  [step, everySteps, tensor, index, bit].join(":");

function read(argv: readonly string[]) {
  try {
    return parseArgs({ args: [...argv], options, allowPositionals: false }).values;
  } catch (cause) {
    throw new WeftError(cause instanceof Error ? (cause.message.split(". ")[0] as string) : "unknown flag", {
      code: "flags.unknown",
      remedy: `flags: ${Object.keys(options)
        .map((name) => `--${name}`)
        .join(" ")}`,
      cause,
    });
  }
}

function required(value: string | undefined, flag: string): string {
  if (value !== undefined && value !== "") return value;
  throw new WeftError(`${flag} is missing`, { code: "flags.missing", remedy: `pass ${flag}` });
}

function addresses(values: readonly string[], flag: string): string[] {
  const bad = values.find((value) => !value.startsWith("/"));
  if (bad !== undefined) throw wrong(flag, bad, "a multiaddr such as /ip4/127.0.0.1/tcp/4001");
  return values.slice(0, 8);
}

/** class:units:pricePerHour. An hourly price is rounded up, so that it isn't below what was asked. */
function poolOf(text: string): PoolFlag {
  const [label = "", units = "", price = "", ...more] = text.split(":");
  const ok = more.length === 0 && /^\d{1,9}$/.test(units) && /^\d{1,12}(\.\d{1,6})?$/.test(price);
  const perHour = ok ? Amount.parse(price) : 0n;
  if (perHour === 0n) throw wrong("--pool", text, "class:units:pricePerHour such as cpu:1:0.60");
  return { class: toBytes8(label), units: BigInt(units), pricePerUnitSecond: askPerSecond(perHour) };
}

function count(text: string, flag: string, [least, most]: readonly [number, number]): number {
  const value = /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN;
  if (value >= least && value <= most) return value;
  throw wrong(flag, text, `an integer from ${least} to ${most}`);
}

const wrong = (flag: string, value: string, want: string): WeftError =>
  new WeftError(`${flag} ${value.slice(0, 80)} is not valid`, { code: "flags.value", remedy: `use ${want}` });

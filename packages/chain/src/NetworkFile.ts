// The network file: everything a second machine needs to join a deployment, in one small JSON text without secrets.
import type { Network } from "@weft/protocol/Domain";
import { WeftError } from "@weft/protocol/Errors";
import { hexOf, uintOf } from "@weft/protocol/fields";
import { type PresetName, paramsHash, presets } from "@weft/protocol/Params";
import { BlockNotFoundError, encodeAbiParameters, type Hex, keccak256, zeroHash } from "viem";
import { z } from "zod";
import { type ChainClient, connect, rpcOf } from "./ChainClient.ts";
import { exactCourt } from "./exactCourt.ts";
import { abi as marketAbi } from "./generated/Market.ts";
import { readDrandNetwork } from "./reads.ts";

export const version = 1;

const address = hexOf(20);

export const shape = z.strictObject({
  version: z.literal(version),
  /** Of the deployment, see `networkIdOf`. */
  networkId: hexOf(32),
  chainId: z.int().positive(),
  /** Tells two development chains with equal addresses apart. */
  genesisHash: hexOf(32),
  rpcUrl: z.url({ protocol: /^https?$/ }).max(512),
  contracts: z.strictObject({
    ...{ stable: address, weft: address, registry: address, channels: address },
    ...{ market: address, audits: address, beacon: address, courts: address, games: address, court: address },
    epochs: address,
  }),
  fromBlock: uintOf(64),
  /** The court that orders of the exact tier pin; absent where no court hears disputes. */
  courtId: hexOf(32).optional(),
  preset: z.enum(Object.keys(presets) as [PresetName, ...PresetName[]]),
  paramsHash: hexOf(32),
  profile: z.strictObject({
    blockSeconds: z.number().positive().max(3600),
    confirmations: z.int().positive().max(1000),
  }),
  /**
   * What feeds the beacon: the stakers themselves, or a drand network, whose rounds anyone may bring. Which network that
   * is stands in the contract; here is where its rounds are published: relays that serve `/CHAINHASH/public/ROUND`. They
   * are not part of the network's id and may differ from machine to machine.
   */
  beacon: z
    .discriminatedUnion("kind", [
      z.strictObject({ kind: z.literal("commitReveal") }),
      z.strictObject({
        kind: z.literal("drand"),
        chainHash: hexOf(32),
        relays: z
          .array(z.url({ protocol: /^https?$/ }).max(256))
          .min(1)
          .max(16),
      }),
    ])
    .default({ kind: "commitReveal" }),
  /** Multiaddrs of peers to dial first. */
  bootstrap: z.array(z.string().startsWith("/").max(512)).max(64),
});
export type NetworkFile = z.infer<typeof shape>;

const maxFileBytes = 65_536;

/** What makes two deployments different, in one word. */
export const networkIdOf = (file: Pick<NetworkFile, "chainId" | "genesisHash" | "contracts" | "paramsHash">): Hex =>
  keccak256(
    encodeAbiParameters(
      [{ type: "uint256" }, { type: "bytes32" }, { type: "address[]" }, { type: "bytes32" }],
      [BigInt(file.chainId), file.genesisHash, Object.values(orderedContracts(file)), file.paramsHash],
    ),
  );

const orderedContracts = ({ contracts }: Pick<NetworkFile, "contracts">) => ({
  ...{ stable: contracts.stable, weft: contracts.weft, registry: contracts.registry, channels: contracts.channels },
  ...{ market: contracts.market, audits: contracts.audits, beacon: contracts.beacon, courts: contracts.courts },
  ...{ games: contracts.games, court: contracts.court, epochs: contracts.epochs },
});

type Derived = "version" | "networkId" | "genesisHash" | "paramsHash";

/** Fills in what follows from the rest, and the court that every deployment has; asks the chain for its genesis. */
export async function describe(
  deployment: Omit<NetworkFile, Derived | "beacon"> & Partial<Pick<NetworkFile, "beacon">>,
): Promise<NetworkFile> {
  const genesisHash = await genesisOf(rpcOf(deployment.rpcUrl, deployment.chainId));
  const made = { courtId: exactCourt, ...deployment, genesisHash, paramsHash: paramsHash(presets[deployment.preset]) };
  return shape.parse({ ...made, version, networkId: networkIdOf(made) });
}

export const encode = (file: NetworkFile): string =>
  `${JSON.stringify(file, (_, value: unknown) => (typeof value === "bigint" ? value.toString() : value), 2)}\n`;

/**
 * @param origin file name or URL, for the message
 * @throws WeftError `network.malformed` naming the field, `network.inconsistent`
 */
export function parse(text: string, origin: string): NetworkFile {
  if (text.length > maxFileBytes) throw malformed(origin, { size: `above ${maxFileBytes} bytes` });
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (cause) {
    throw malformed(origin, { json: cause instanceof Error ? cause.message : "not JSON" });
  }
  const parsed = shape.safeParse(json);
  if (!parsed.success)
    throw malformed(
      origin,
      Object.fromEntries(
        parsed.error.issues.slice(0, 8).map((issue) => [issue.path.join(".") || "file", issue.message]),
      ),
    );
  const file = parsed.data;
  if (file.paramsHash !== paramsHash(presets[file.preset]))
    throw inconsistent(origin, "paramsHash does not belong to the preset: this version of Weft has other parameters");
  if (file.networkId !== networkIdOf(file)) throw inconsistent(origin, "networkId does not belong to the contracts");
  return file;
}

const networkOf = (file: NetworkFile): Network => ({ chainId: file.chainId, contracts: file.contracts });

/** @param requestTimeoutMs see ConnectOptions; a person who waits gives a chain less time than a service does */
export function clientOf(file: NetworkFile, { requestTimeoutMs }: { requestTimeoutMs?: number } = {}): ChainClient {
  return connect({
    ...(requestTimeoutMs !== undefined && { requestTimeoutMs }),
    network: networkOf(file),
    params: presets[file.preset],
    profile: file.profile,
    rpcUrl: file.rpcUrl,
  });
}

/** What a gateway's view of the chain starts from. */
export const originOf = ({ fromBlock, courtId = zeroHash }: Pick<NetworkFile, "fromBlock" | "courtId">) => ({
  fromBlock,
  courtId,
});

/** Asks the chain whether it is the one the file means. @throws WeftError `network.wrongChain`, `network.wrongBeacon` */
export async function verify(client: ChainClient, file: NetworkFile): Promise<void> {
  const [chainId, genesis, params] = await Promise.all([
    client.rpc.getChainId(),
    genesisOf(client.rpc),
    client.rpc
      .readContract({ address: file.contracts.market, abi: marketAbi, functionName: "paramsHash" })
      .catch(() => "no market there" as const),
  ]);
  const found = { chainId, genesisHash: genesis, paramsHash: params };
  for (const [field, value] of Object.entries(found))
    if (value !== file[field as keyof typeof found])
      throw new WeftError("the RPC address leads to another chain than the network file means", {
        code: "network.wrongChain",
        details: { field, expected: file[field as keyof typeof found], found: value, rpcUrl: file.rpcUrl },
        remedy: "get a current network file, or correct rpcUrl",
      });
  const kind = (await readDrandNetwork(client)) === undefined ? "commitReveal" : "drand";
  if (kind !== file.beacon.kind)
    throw new WeftError("the network file names another beacon than the chain has", {
      code: "network.wrongBeacon",
      details: { expected: file.beacon.kind, found: kind },
      remedy: "get the network file again, or correct its beacon",
    });
}

/** As block 1 names it: a development chain restored from its state makes its block 0 up anew. */
async function genesisOf(rpc: ChainClient["rpc"]): Promise<Hex> {
  try {
    return (await rpc.getBlock({ blockNumber: 1n })).parentHash;
  } catch (error) {
    // A chain without a second block holds no deployment; an unreachable one is another matter.
    if (error instanceof BlockNotFoundError) return zeroHash;
    throw error;
  }
}

const malformed = (origin: string, details: Record<string, string>) =>
  new WeftError(`${origin} is not a network file`, {
    code: "network.malformed",
    details,
    remedy: "copy the network file of the machine that runs the network, unchanged",
  });

const inconsistent = (origin: string, why: string) =>
  new WeftError(`${origin} contradicts itself`, {
    code: "network.inconsistent",
    details: { why },
    remedy: "get the file again, and use the same version of Weft as the network",
  });

// What a local network consists of: names, prices and ports. Pure, apart from asking the system for free ports.
import { createServer, type Server } from "node:net";
import { WeftError } from "@weft/protocol/Errors";

export interface NodePlan {
  /** "node-1". */
  name: string;
  /** Stablecoin units (1e-6) per unit and second; different for every node, none above the main job's ceiling. */
  pricePerUnitSecond: bigint;
}

export const maxNodes = 32;
export const defaultNodes = 5;
/**
 * From 0.432 to 0.99 per hour, which is what a small rented server costs, in steps of 0.018: whole units per second, and
 * few decimals by the hour.
 */
const lowestPrice = 120;
const priceStep = 5;
/** Coprime to the number of prices, so that they differ and don't rise with the name. */
const priceStride = 7;

export function planNodes(count: number): NodePlan[] {
  if (!Number.isInteger(count) || count < 1 || count > maxNodes)
    throw new WeftError(`a local network of ${count} nodes`, { code: "start.nodes", remedy: `use 1 to ${maxNodes}` });
  return Array.from({ length: count }, (_, index) => ({
    name: `node-${index + 1}`,
    pricePerUnitSecond: BigInt(lowestPrice + priceStep * (((index + 1) * priceStride) % maxNodes)),
  }));
}

const words = ["no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"];

/** "shared-host: the five nodes run on this one machine". */
export const sharedHostNotice = (count: number): string =>
  `shared-host: the ${words[count] ?? count} nodes run on this one machine`;

/** Distinct free TCP ports on 127.0.0.1, held together while they are picked. */
export async function freePorts(count: number): Promise<number[]> {
  const servers = await Promise.all(Array.from({ length: count }, () => listen(0)));
  const ports = servers.map((server) => (server.address() as { port: number }).port);
  await Promise.all(servers.map((server) => new Promise((closed) => server.close(closed))));
  return ports;
}

/** `wanted` if nobody listens there, else undefined. */
export async function ifFree(wanted: number): Promise<number | undefined> {
  try {
    const server = await listen(wanted);
    await new Promise((closed) => server.close(closed));
    return wanted;
  } catch {
    return undefined;
  }
}

/**
 * A port a person asked for must be free; a remembered one gives way to another.
 * @throws WeftError `port.taken`
 */
export async function choosePort(choice: { asked?: number; remembered?: number; what: string }): Promise<number> {
  if (choice.asked !== undefined) {
    if ((await ifFree(choice.asked)) !== undefined) return choice.asked;
    throw new WeftError(`port ${choice.asked} for the ${choice.what} is taken`, {
      code: "port.taken",
      remedy: "stop what listens there, or choose another port, or leave the flag out to get a free one",
    });
  }
  const remembered = choice.remembered === undefined ? undefined : await ifFree(choice.remembered);
  return remembered ?? ((await freePorts(1))[0] as number);
}

function listen(port: number): Promise<Server> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", reject);
    server.listen({ port, host: "127.0.0.1" }, () => resolve(server));
  });
}

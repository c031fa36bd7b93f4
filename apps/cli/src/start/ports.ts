// The ports of a local network, remembered from start to start, so that what was registered on chain stays true.
import { join } from "node:path";
import { z } from "zod";
import { type Home, readJson } from "../Home.ts";
import { writePlainFile } from "../systemErrors.ts";
import { choosePort, freePorts } from "./plan.ts";

const port = z.int().min(1).max(65_535);
const shape = z.object({ chain: port, gateway: port, door: port, nodes: z.array(port).max(64) });
export type Ports = z.infer<typeof shape>;

/** @throws WeftError `port.taken` for a port that was asked for; remembered ones give way to others */
export async function openPorts(
  home: Home,
  wanted: { nodes: number; chain?: number; gateway?: number },
): Promise<Ports> {
  const path = join(home.root, "ports.json");
  const parsed = shape.safeParse(readJson(path));
  const known = parsed.success ? parsed.data : undefined;
  const fresh = await freePorts(wanted.nodes);
  const ports: Ports = {
    chain: await choosePort({ ...choice(wanted.chain, known?.chain), what: "chain" }),
    gateway: await choosePort({ ...choice(wanted.gateway, known?.gateway), what: "gateway" }),
    door: await choosePort({ ...choice(undefined, known?.door), what: "door" }),
    nodes: await Promise.all(
      fresh.map((spare, index) => choosePort({ remembered: known?.nodes[index] ?? spare, what: `node ${index + 1}` })),
    ),
  };
  writePlainFile(path, `${JSON.stringify(ports)}\n`);
  return ports;
}

const choice = (asked: number | undefined, remembered: number | undefined) => ({
  ...(asked === undefined ? {} : { asked }),
  ...(remembered === undefined ? {} : { remembered }),
});

// The contracts of a deployment by their name in `Contracts`, with the ABIs that forge wrote.
import type { Contracts } from "@weft/protocol/Domain";
import { abi as audits } from "./generated/Audits.ts";
import { abi as channels } from "./generated/Channels.ts";
import { abi as commitReveal } from "./generated/CommitRevealBeacon.ts";
import { abi as court } from "./generated/Court.ts";
import { abi as courts } from "./generated/Courts.ts";
import { abi as drand } from "./generated/DrandBeacon.ts";
import { abi as epochs } from "./generated/EpochCourt.ts";
import { abi as games } from "./generated/Games.ts";
import { abi as market } from "./generated/Market.ts";
import { abi as registry } from "./generated/Registry.ts";
import { abi as stable } from "./generated/TestStable.ts";
import { abi as weft } from "./generated/WeftToken.ts";

type Drand = (typeof drand)[number];
type DrandOnly = Exclude<Drand, (typeof commitReveal)[number] | { type: "constructor" }>;

const shared = new Set(commitReveal.map((item) => JSON.stringify(item)));
const isDrandOnly = (item: Drand): item is DrandOnly =>
  item.type !== "constructor" && !shared.has(JSON.stringify(item));

/** A deployment has one of the two beacons: what either of them says can be read, and what both say is there once. */
const beacon: readonly ((typeof commitReveal)[number] | DrandOnly)[] = [...commitReveal, ...drand.filter(isDrandOnly)];

export const abis = { stable, weft, registry, channels, market, audits, beacon, courts, games, court, epochs } as const;

export type ContractName = keyof Contracts & keyof typeof abis;

export const contractNames = Object.keys(abis) as ContractName[];

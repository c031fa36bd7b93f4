// What a deployment creates, in order, each with the address that follows from the deployer's nonce (CREATE) and the data
// that names the others' addresses.
import type { Contracts } from "@weft/protocol/Domain";
import { type Abi, type Address, encodeDeployData, getContractAddress, type Hex } from "viem";
import type { DeployOptions } from "./deploy.ts";
import * as Audits from "./generated/Audits.ts";
import * as Channels from "./generated/Channels.ts";
import * as CommitRevealBeacon from "./generated/CommitRevealBeacon.ts";
import * as Court from "./generated/Court.ts";
import * as Courts from "./generated/Courts.ts";
import * as DrandBeacon from "./generated/DrandBeacon.ts";
import * as EpochCourt from "./generated/EpochCourt.ts";
import * as Evidence from "./generated/Evidence.ts";
import * as Games from "./generated/Games.ts";
import * as Grounds from "./generated/Grounds.ts";
import * as JudgeBook from "./generated/JudgeBook.ts";
import * as Market from "./generated/Market.ts";
import * as Registry from "./generated/Registry.ts";
import * as TestStable from "./generated/TestStable.ts";
import * as WeftToken from "./generated/WeftToken.ts";
import { JUDGES, type JudgeName, judgeBookEntries } from "./judges.ts";

/** 1,000,000,000 WEFT in units of 1e-18. */
const weftSupply = 10n ** 27n;

const judgeNames = Object.keys(JUDGES) as JudgeName[];
const judgeOf = <Name extends JudgeName>(name: Name): `judge ${Name}` => `judge ${name}`;

/** The court's helpers are known to the court alone. */
const helpers = [...judgeNames.map(judgeOf), "judges", "evidence", "grounds"] as const;
const firstNames = ["stable", "weft", "registry", "channels", "market", "audits", "beacon", "courts"] as const;
const names = [...firstNames, ...helpers, "games", "court", "epochs"] as const;
type Name = (typeof names)[number];
type Addresses = Readonly<Record<Name, Address>>;

export interface Creation {
  name: Name;
  address: Address;
  data: Hex;
}

/** @param firstNonce of the deployer's account */
export function creationsOf(
  options: DeployOptions,
  firstNonce: number,
): { contracts: Contracts; creations: Creation[] } {
  const addresses = predict(options.signer.address, firstNonce, options.stable);
  const data = dataOf(options, addresses);
  return {
    contracts: contractsOf(addresses),
    creations: createdOf(options.stable).map((name) => ({ name, address: addresses[name], data: data[name] })),
  };
}

const createdOf = (stable?: Address) => names.filter((name) => name !== "stable" || stable === undefined);

/** Where a deployment lands. */
export function predict(from: Address, firstNonce: number, stable?: Address): Addresses {
  const created = createdOf(stable).map((name, index): [Name, Address] => [
    name,
    lower(getContractAddress({ from, nonce: BigInt(firstNonce + index) })),
  ]);
  const existing: [Name, Address][] = stable === undefined ? [] : [["stable", lower(stable)]];
  return Object.fromEntries([...existing, ...created]) as Addresses;
}

export function contractsOf(addresses: Addresses): Contracts {
  const { stable, weft, registry, channels, market, audits, beacon, courts, games, court, epochs } = addresses;
  return { stable, weft, registry, channels, market, audits, beacon, courts, games, court, epochs };
}

const lower = (address: Address): Address => address.toLowerCase() as Address;

function dataOf(options: DeployOptions, wiring: Addresses): Readonly<Record<Name, Hex>> {
  const { params, treasury } = options;
  const governance = options.governance ?? options.signer.address;
  const judges = Object.fromEntries(judgeNames.map((name) => [name, wiring[judgeOf(name)]]));
  const judgeCode: Record<string, Hex> = Object.fromEntries(
    judgeNames.map((name) => [judgeOf(name), JUDGES[name].bytecode]),
  );
  return {
    stable: creation(TestStable, []),
    weft: creation(WeftToken, [treasury, weftSupply]),
    registry: creation(Registry, [wiring, params, governance]),
    channels: creation(Channels, [wiring, params]),
    market: creation(Market, [wiring, params]),
    audits: creation(Audits, [wiring, params]),
    beacon: beaconOf(options, wiring),
    courts: creation(Courts, [wiring, params, governance]),
    ...(judgeCode as Record<`judge ${JudgeName}`, Hex>),
    judges: creation(JudgeBook, [judgeBookEntries(judges as Record<JudgeName, Address>)]),
    evidence: creation(Evidence, [wiring.judges]),
    grounds: creation(Grounds, [wiring]),
    games: creation(Games, [wiring, params, wiring.judges, wiring.evidence]),
    court: creation(Court, [wiring, params, wiring.grounds, treasury]),
    epochs: creation(EpochCourt, [wiring, params, treasury]),
  };
}

const beaconOf = ({ params, drand }: DeployOptions, wiring: Addresses): Hex =>
  drand === undefined ? creation(CommitRevealBeacon, [wiring, params]) : creation(DrandBeacon, [wiring, params, drand]);

const creation = (contract: { abi: unknown; bytecode: Hex }, args: readonly unknown[]): Hex =>
  encodeDeployData({ abi: contract.abi as Abi, bytecode: contract.bytecode, args: args as [] });

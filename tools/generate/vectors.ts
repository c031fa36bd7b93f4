// Vectors that TypeScript and Solidity must agree on: who is drawn, what is sampled, which step is opened, how a
// verdict is sealed, what a lease costs. TypeScript writes them, contracts/test/Mirrors.t.sol recomputes them, so that
// neither side can drift alone. Inputs come from keccak counters: the same on every machine.

import { type Address, type Hex, keccak256, toHex } from "viem";
import { priceLease } from "../../packages/market/src/price.ts";
import { presets } from "../../packages/protocol/src/Params.ts";
import {
  auditStep,
  drawMany,
  type RegistryFact,
  type RegistrySnapshot,
  sampled,
  seedOf,
  snapshotAt,
} from "../../packages/verification/src/draw.ts";
import { sealOf } from "../../packages/verification/src/verdict.ts";
import { column, columns } from "./columns.ts";
import { drandVectors } from "./drandVectors.ts";

const hashOf = (label: string, index: number): Hex => keccak256(toHex(`${label} ${index}`));
const numberOf = (label: string, index: number, limit: bigint): bigint => BigInt(hashOf(label, index)) % limit;
const addressOf = (label: string, index: number): Address => hashOf(label, index).slice(0, 42) as Address;

const rules = presets.local;
const start = 1_800_000_000n;

/** In Solidity's numbers: 0 registers a node, 1 sets its stake, 2 its owner. */
const kinds = ["register", "stake", "owner"] as const;

interface Entry {
  time: bigint;
  kind: (typeof kinds)[number];
  nodeId: Hex;
  owner: Address;
  stake: bigint;
}

/** A few owners hold several nodes each; stakes run from below the minimum to above the cap. */
function registryLog(nodes: number): Entry[] {
  const owner = (label: string, index: number) => addressOf("owner", Number(numberOf(label, index, BigInt(nodes / 2))));
  const node = (index: number) => addressOf("node", index);
  const log: Entry[] = [];
  for (let index = 0; index < nodes; index++) {
    const time = start + BigInt(2 * index);
    const stake = numberOf("stake", index, rules.drawStakeCap + rules.drawStakeCap / 2n);
    const base = { nodeId: node(index), owner: owner("of", index), stake };
    log.push({ ...base, kind: "register", time }, { ...base, kind: "stake", time: time + 1n });
  }
  for (let change = 0; change < nodes; change++) {
    const index = Number(numberOf("who", change, BigInt(nodes)));
    const time = start + BigInt(2 * nodes + change);
    const stake = numberOf("restake", change, 3n) === 0n ? rules.minStake - 1n : rules.minStake * 7n;
    const kind = change % 2 === 0 ? "stake" : "owner";
    log.push({ kind, nodeId: node(index), owner: owner("again", change), stake, time });
  }
  return log;
}

/** The log as the facts that draws are made from: who registers has an owner, and no stake yet. */
export const factsOf = (log: readonly Entry[]): RegistryFact[] =>
  log.map(({ time, kind, nodeId, owner, stake }) =>
    kind === "stake" ? { time, nodeId, stake } : { time, nodeId, owner },
  );

function drawCase(log: readonly Entry[], index: number, span: bigint) {
  const time = start + numberOf("time", index, span);
  const snapshot: RegistrySnapshot = snapshotAt(factsOf(log), time, rules);
  const provider = addressOf("node", Number(numberOf("excluded", index, 12n)));
  // Every third buyer owns no node.
  const registered = log.filter(({ kind }) => kind === "register");
  const owned = registered[Number(numberOf("buyer", index, BigInt(registered.length)))]?.owner;
  const buyer = index % 3 === 0 || owned === undefined ? addressOf("buyer", index) : owned;
  const seed = hashOf("seed", index);
  const count = 1 + (index % maxDrawn);
  const drawn = drawMany(snapshot, { seed, count, provider, buyer });
  return { time, seed, count: BigInt(count), provider, buyer, drawn };
}

const maxDrawn = 8;

function drawVectors(nodes: number) {
  const log = registryLog(nodes);
  const cases = Array.from({ length: 24 }, (_, index) => drawCase(log, index, BigInt(3 * nodes + 4)));
  const padded = cases.flatMap(({ drawn }) => [...drawn, ...Array<Hex>(maxDrawn - drawn.length).fill("0x00")]);
  return {
    log: {
      time: column(log.map(({ time }) => time)),
      kind: column(log.map(({ kind }) => BigInt(kinds.indexOf(kind)))),
      nodeId: column(log.map(({ nodeId }) => nodeId)),
      owner: column(log.map(({ owner }) => owner)),
      stake: column(log.map(({ stake }) => stake)),
    },
    cases: {
      time: column(cases.map(({ time }) => time)),
      seed: column(cases.map(({ seed }) => seed)),
      count: column(cases.map(({ count }) => count)),
      provider: column(cases.map(({ provider }) => provider)),
      buyer: column(cases.map(({ buyer }) => buyer)),
      /** Eight places a case, the unused ones zero. */
      drawn: column(padded),
    },
  };
}

function auditCase(index: number) {
  const seed = seedOf(hashOf("randomness", index), hashOf("commitment", index));
  const auditor = addressOf("auditor", index);
  const firstStep = numberOf("first", index, 1n << 40n);
  const lastStep = firstStep + numberOf("count", index, 1n << 24n);
  const leaseId = hashOf("lease", index);
  const segment = numberOf("segment", index, 65_535n);
  const ok = index % 2 === 0;
  const verdict = { ok, stepRoot: hashOf("step", index), altHistoryRoot: hashOf("alt", index) };
  const salt = hashOf("salt", index);
  return {
    randomness: hashOf("randomness", index),
    commitmentHash: hashOf("commitment", index),
    seed,
    sampled: sampled(seed, rules.auditRatePpm),
    auditor,
    firstStep,
    lastStep,
    step: auditStep(seed, auditor, { firstStep, lastStep }),
    leaseId,
    segment,
    ...verdict,
    salt,
    seal: sealOf({ leaseId, segment, auditor, verdict, salt }),
  };
}

function termsCase(index: number) {
  const terms = {
    pricePerUnitSecond: 1n + numberOf("price", index, 10n ** BigInt(1 + (index % 7))),
    units: 1n + numberOf("units", index, 64n),
    durationSeconds: 1n + numberOf("duration", index, index % 4 === 0 ? 4n : 100_000n),
    tier: BigInt(index % 2),
  };
  const { reservation: _, pricePerUnitSecond: __, ...price } = priceLease(presets.local, terms);
  return { ...price, durationSeconds: terms.durationSeconds, tier: terms.tier };
}

const text = (value: unknown): string => `${JSON.stringify(value, null, 1)}\n`;
const rows = <T>(count: number, row: (index: number) => T): T[] =>
  Array.from({ length: count }, (_, index) => row(index));

/** path → text of every vector file that both sides read. All of it under the `local` preset. */
export function vectorFiles(): [string, string][] {
  return [
    [
      "spec/vectors/verification/draw.json",
      text({ small: drawVectors(4), middle: drawVectors(12), large: drawVectors(80) }),
    ],
    ["spec/vectors/verification/audit.json", text(columns(rows(24, auditCase)))],
    ["spec/vectors/market/terms.json", text(columns(rows(48, termsCase)))],
    ["spec/vectors/verification/drand.json", text(drandVectors())],
  ];
}

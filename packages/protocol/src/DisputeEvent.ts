// What there is to tell of a dispute in court (spec/court.md), from its challenge to what it cost: told by `weft dispute watch`,
// and in the events of the job whose lease it is about. Amounts are decimal text of integer units, times the chain's.
import { z } from "zod";
import { hexOf } from "./fields.ts";

const amount = z.string().regex(/^\d{1,39}$/);
const count = z.int().nonnegative();
const hash = hexOf(32);
const account = hexOf(20);
const word = count.max(2 ** 32 - 1);
export const sideShape = z.enum(["defender", "rival"]);
export const levelShape = z.enum(["steps", "values", "entries", "leaves", "accs", "loss", "outside"]);

/** `game` is absent where something was proven at once. `time` is Unix seconds of the block, `gas` the whole transaction's. */
const common = { game: account.optional(), time: count, transaction: hash, gas: count };

/** What the narrowing has come to know; all that is known is told with the move that shows it. */
const found = z.object({
  step: count.optional(),
  value: count.optional(),
  /** Of the value: what computes it, or what else it is: state, batch, scalar, constant. */
  operator: z.string().max(32).optional(),
  shape: z.array(count).max(8).optional(),
  element: count.optional(),
  /** Number of the partial sum. */
  chunk: count.optional(),
  /** Name of the state's entry. */
  entry: z.string().max(255).optional(),
  /** Bits of the word that the sides differ in, and what the contract computed where it did. */
  words: z
    .object({
      dtype: z.enum(["f32", "i32", "i8"]),
      defender: word,
      rival: word.optional(),
      right: word.optional(),
    })
    .optional(),
});

/** What is still in dispute: leaves `first` to `end` - 1 of the `count` of a level's tree. */
const place = z.object({ level: levelShape, first: count, end: count, count });

export const shapes = {
  challenged: z.object({
    ...common,
    commitment: hash,
    leaseId: hash,
    segment: count,
    /** Of the segment; absent where the ground is its start. */
    firstStep: count.optional(),
    lastStep: count.optional(),
    ground: z.enum(["fields", "nan", "start", "history"]),
    nodeId: account,
    sponsor: account,
    /** The node whose key the sponsor is, where it is one. */
    sponsorNode: account.optional(),
    bond: amount,
    /** Seconds that each side has for all its moves. */
    clockSeconds: count,
  }),
  /** The game that a challenge opened is played from now on: a rival waits until those before it are through. Clocks run. */
  gameBegan: z.object(common),
  move: z.object({
    ...common,
    side: sideShape,
    call: z.string().max(32),
    /** Absent, as the clocks, where the move came through a contract that this version can't read. */
    place: place.optional(),
    found: found.optional(),
    /** Seconds left after the move. */
    defenderLeft: count.optional(),
    rivalLeft: count.optional(),
  }),
  verdict: z.object({
    ...common,
    winner: sideShape,
    level: levelShape,
    /** The loser said no more. */
    silent: z.boolean(),
    /** The proof that ended it. */
    proof: z.string().max(32).optional(),
    found: found.optional(),
    moves: count,
    /** Of all moves, the challenge and the proof included. */
    gasOf: z.object({ defender: count, rival: count }),
  }),
  /** The commitment is void: what its node lost, and who got it. `stakeBurnt` in WEFT units. */
  slashed: z.object({
    ...common,
    commitment: hash.optional(),
    leaseId: hash,
    segment: count,
    ground: z.enum(["fields", "nan", "start", "history"]),
    nodeId: account,
    sponsor: account,
    sponsorNode: account.optional(),
    bondToSponsor: amount,
    bondToBuyer: amount,
    stakeBurnt: amount,
    /** Whether it was the node's second fault within its memory. */
    pattern: z.boolean(),
  }),
  /** The commitment is void by an earlier segment of its lease that was found false: nobody loses more by it, rivals have their bonds back. */
  voided: z.object({ ...common, commitment: hash, leaseId: hash, segment: count, nodeId: account }),
  /** The rival lost so much of its bond: half to the node, half to the treasury. */
  rivalLost: z.object({ ...common, leaseId: hash.optional(), segment: count.optional(), lost: amount }),
  /** The segment is void by another rival's game, or by an earlier segment's: this one's whole bond is back with its sponsor. */
  reclaimed: z.object({ ...common, leaseId: hash.optional(), segment: count.optional(), bond: amount }),
} as const;

export type DisputeEventKind = keyof typeof shapes;
export type DisputeEventBody<K extends DisputeEventKind> = z.infer<(typeof shapes)[K]>;
export type DisputeEvent = { [K in DisputeEventKind]: { kind: K } & DisputeEventBody<K> }[DisputeEventKind];
export type DisputeEventOf<K extends DisputeEventKind> = Extract<DisputeEvent, { kind: K }>;
export type Found = z.infer<typeof found>;

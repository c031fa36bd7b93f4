// What a node asks its worker about a segment in dispute, one question at a time (packages/verification, TraceOracle).
import { hexOf } from "@weft/protocol/fields";
import { z } from "zod";

const count = z.int().nonnegative();
const step = count;
const value = count;

const treeShape = z.discriminatedUnion("of", [
  z.strictObject({ of: z.literal("steps") }),
  z.strictObject({ of: z.literal("values"), step }),
  // The state before the segment's first step is that after step -1 of the run.
  z.strictObject({ of: z.literal("entries"), step: z.int().min(-1) }),
  z.strictObject({ of: z.literal("entry"), step, entry: count }),
  z.strictObject({ of: z.literal("leaves"), step, value }),
  z.strictObject({ of: z.literal("accs"), step, value, element: count }),
  z.strictObject({ of: z.enum(["records", "schema", "rates", "tokens"]) }),
]);

/** Most nodes or leaves of one answer: a reveal shows 128 at most. */
const mostItems = 1024;

export const questionShape = z.discriminatedUnion("ask", [
  z.strictObject({ ask: z.literal("after"), step }),
  z.strictObject({
    ask: z.literal("nodes"),
    tree: treeShape,
    at: z.strictObject({ height: count.max(32), index: count }),
    height: count.max(32),
  }),
  z.strictObject({ ask: z.literal("leaves"), tree: treeShape, first: count, count: z.int().positive().max(mostItems) }),
  z.strictObject({ ask: z.literal("firstNan") }),
  z.strictObject({ ask: z.literal("path"), tree: treeShape, leaf: count }),
  /** The court program, as a contract reads it. */
  z.strictObject({ ask: z.literal("program") }),
]);
export type Question = z.infer<typeof questionShape>;

const bytes = z.string().regex(/^0x([0-9a-f]{2})*$/) as unknown as z.ZodType<`0x${string}`>;
export const itemsShape = z.array(bytes).max(mostItems);
export const nanShape = z.strictObject({ step, entry: count.optional(), element: count.optional() }).optional();
export const afterShape = z.strictObject({ loss: count.max(2 ** 32 - 1), state: bytes });

const root = hexOf(32);
const u64 = z.bigint().nonnegative();
export const programShape = z.strictObject({
  ...{ programHash: root, dataRoot: root, numericsId: count, totalSteps: u64, stepsPerSegment: u64, startStep: u64 },
  ...{ startRoot: root, values: u64, recordsRoot: root, inputs: u64, entries: u64, entriesRoot: root, lossValue: u64 },
  ...{ ratesRoot: root, tokens: u64, tokensRoot: root, context: u64, rows: u64, targets: count, seed: root },
});

// The job file: what a person writes to buy a training job. Parsed YAML or JSON comes in as plain data; out comes a
// complete job with every default filled in, or a list of issues that name field, limit and remedy.
//
// spec/job.schema.json is generated from this. Not here: reading files, and lines and columns (the CLI adds them).
import { z } from "zod";
import { parse as parseAmount } from "./Amount.ts";
import { hexOf } from "./fields.ts";
import { type JobIssue, toIssues } from "./jobIssues.ts";

/** Plain decimal text; a number is taken as written, so that `budget: 1.5` needs no quotes. */
const decimal = (digits: number) =>
  z
    .union([z.string(), z.number()])
    .transform(String)
    .pipe(z.string().regex(new RegExp(`^\\d{1,12}(\\.\\d{1,${digits}})?$`)));

const money = decimal(6).transform((text) => parseAmount(text));

const unitSeconds = { s: 1, m: 60, h: 3600, d: 86_400 } as const;
const duration = z
  .string()
  .regex(/^[1-9]\d{0,7}[smhd]$/)
  .transform((text) => Number(text.slice(0, -1)) * unitSeconds[text.slice(-1) as keyof typeof unitSeconds])
  .pipe(z.int().min(1).max(31_536_000));

const integer = (min: number, max: number) => z.int().min(min).max(max);
const path = z.string().min(1).max(4096);
const nodeList = z.array(hexOf(20)).max(64);

const program = z.strictObject({
  preset: z.enum(["quick", "main"]).default("main").describe("Size of the model and length of the training."),
  context: integer(1, 64).optional().describe("Bytes of context."),
  embed: integer(1, 256).optional().describe("Floats per embedded byte."),
  hidden: integer(1, 4096).optional().describe("Hidden units."),
  batch: integer(1, 8192).optional().describe("Predicted positions per step."),
  steps: integer(1, 10_000_000).optional().describe("Training steps in all."),
  stepsPerSegment: integer(1, 65_536).optional().describe("Steps between two checkpoints: the unit of pay and audit."),
  learningRate: decimal(9)
    .transform((text) => Number(parseAmount(text, 9)))
    .pipe(integer(0, 16_777_215))
    .optional()
    .describe("Peak learning rate, at most 0.016777215."),
  seed: integer(0, Number.MAX_SAFE_INTEGER).default(1).describe("Start state and data order come from it."),
});

const amountOfUnit = (what: string) => integer(0, 65_535).default(0).describe(`${what}; 0 = any.`);

const resources = z.strictObject({
  class: z
    .string()
    .regex(/^[a-z0-9-]{1,8}$/)
    .default("cpu")
    .describe("1 to 8 of a-z, 0-9 and dash, such as cpu (the hardware class)."),
  units: integer(1, 1024).default(1).describe("Units of that class."),
  cpuThreads: integer(0, 65_535).default(1).describe("Least CPU threads of a unit; 0 = any."),
  memoryGiB: amountOfUnit("Least memory of a unit"),
  diskGiB: amountOfUnit("Least disk of a unit"),
  fp32Gflops: amountOfUnit("Least measured fp32 speed of a unit"),
  gpuCount: amountOfUnit("Least GPUs of a unit"),
  gpuMemoryGiB: amountOfUnit("Least memory of each GPU"),
  netMbps: integer(0, 655_350).default(0).describe("Least link speed as the network card states it, in tens; 0 = any."),
});

const pay = z.strictObject({
  mode: z
    .enum(["voucher", "accrue"])
    .default("voucher")
    .describe("voucher: pay per checked segment, needs the gateway online. accrue: claims against anchored receipts."),
  maxPricePerHour: money.default(1_000_000n).describe("Most paid per unit and hour, such as 0.50; 1 by default."),
  budget: money
    .default(5_000_000n)
    .describe("Hard cap for everything, fees and audits included, such as 2.50; 5 by default."),
});

const placement = z.strictObject({
  allow: nodeList.default([]).describe("Only these node ids; empty = any."),
  deny: nodeList.default([]).describe("Never these node ids."),
  region: z
    .string()
    .regex(/^[0-9a-f]{15}$/)
    .optional()
    .describe("15 hex digits of the H3 cell that the node must lie in."),
});

export const schema = z
  .strictObject({
    name: z
      .string()
      .regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/)
      .describe("1 to 64 letters, digits, dots, dashes and underscores (the name of the job)."),
    kind: z.literal("train-char-mlp").describe("Train a byte-level MLP language model."),
    corpus: path.optional().describe("Text file to train on; without it, the project's own Markdown and TypeScript."),
    program: program.prefault({}).describe("Model and training; what is absent comes from the preset."),
    resources: resources.prefault({}).describe("What each unit must have."),
    tier: z
      .enum(["exact", "bare"])
      .default("exact")
      .describe("exact: recomputed bit for bit on random audits. bare: unverified."),
    mechanism: z.enum(["postedPrice", "reverseAuction"]).default("reverseAuction").describe("How the price is found."),
    auctionMs: integer(250, 600_000).default(2000).describe("How long providers may bid."),
    pay: pay.prefault({}).describe("Price ceiling, budget and pay mode."),
    duration: duration
      .default(600)
      .describe("a number and s, m, h or d, such as 10m (the longest run; at most 365 days)."),
    placement: placement.prefault({}).describe("Which nodes may win."),
    output: path.default("weft-out").describe("Folder for the checkpoint and the report."),
  })
  .check((context) => {
    const job = context.value;
    const both = job.placement.allow.find((node) => job.placement.deny.includes(node));
    if (both !== undefined)
      context.issues.push({
        code: "custom",
        path: ["placement", "deny"],
        message: `${both} is both allowed and denied`,
        input: both,
      });
    if (job.pay.maxPricePerHour < 3600n)
      context.issues.push({
        code: "custom",
        path: ["pay", "maxPricePerHour"],
        message: "is below the smallest price, 0.000001 per second (0.0036 per hour)",
        input: job.pay.maxPricePerHour,
      });
  });

export type JobFile = z.output<typeof schema>;

/** JSON Schema (2020-12) of what a person may write. */
export const jsonSchema = (): Record<string, unknown> => ({
  ...z.toJSONSchema(schema, { io: "input", unrepresentable: "any" }),
  title: "Weft job file",
});

export type Checked = { ok: true; job: JobFile } | { ok: false; issues: [JobIssue, ...JobIssue[]] };

/** Checks parsed YAML or JSON. Never throws. */
export function check(input: unknown): Checked {
  const result = schema.safeParse(input);
  if (result.success) return { ok: true, job: result.data };
  return { ok: false, issues: toIssues(result.error, { input, schema: jsonSchema() }) };
}

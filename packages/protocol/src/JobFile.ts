// The job file: what a person writes to buy a training job. Parsed YAML or JSON comes in as plain data; out comes a
// complete job with every default filled in, or a list of issues that name field, limit and remedy.
//
// spec/job.schema.json is generated from this. Not here: reading files, and lines and columns (the CLI adds them).
import { z } from "zod";
import { parse as parseAmount } from "./Amount.ts";
import { hexOf } from "./fields.ts";
import { hourlyStep, hourlyStepText } from "./hourlyPrice.ts";
import { decimal, duration, integer } from "./jobFields.ts";
import { type JobIssue, toIssues } from "./jobIssues.ts";
import { type Contradiction, contradictionsIn, program } from "./jobProgram.ts";

const money = decimal(6).transform((text) => parseAmount(text));

const path = z.string().min(1).max(4096);
const nodeList = z.array(hexOf(20)).max(64);

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
  maxPricePerHour: money
    .default(1_000_000n)
    .describe(`Most paid per unit and hour, in steps of ${hourlyStepText} (rounded down), such as 0.54; 1 by default.`),
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

const shape = z.strictObject({
  name: z
    .string()
    .regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/)
    .describe("1 to 64 letters, digits, dots, dashes and underscores (the name of the job)."),
  kind: z.literal("train-lm").describe("Train a language model."),
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
});

/** What no field says alone. */
function* contradictions(job: z.output<typeof shape>): Generator<Contradiction> {
  const both = job.placement.allow.find((node) => job.placement.deny.includes(node));
  if (both !== undefined) yield [["placement", "deny"], `${both} is both allowed and denied`];
  if (job.pay.maxPricePerHour < hourlyStep)
    yield [["pay", "maxPricePerHour"], `is below the smallest price, 0.000001 per second (${hourlyStepText} per hour)`];
  for (const [path, message] of contradictionsIn(job.program)) yield [["program", ...path], message];
}

export const schema = shape.check((context) => {
  for (const [path, message] of contradictions(context.value))
    context.issues.push({ code: "custom", path: [...path], message, input: context.value });
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

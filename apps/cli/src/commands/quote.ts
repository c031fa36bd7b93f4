// `weft quote FILE.yaml`: what a job should cost, the most it can cost, and why offers don't fit. Nothing is signed.
import { resolve } from "node:path";
import { ceilingPerSecond, stepNote } from "@weft/protocol/hourlyPrice";
import { z } from "zod";
import { type Context, gatewayOf } from "../Context.ts";
import { request } from "../GatewayClient.ts";
import { readNames } from "../job/nodeNames.ts";
import { type ParsedJob, readJobFile } from "../job/readJobFile.ts";
import { amountOf, clockOf, nameOf, percentOf, rateOf } from "../render/figures.ts";
import { wholeTable } from "../render/table.ts";
import { harmless, wrap } from "../render/terminalText.ts";
import { corpusFor, type RunFlags, tellCeiling, underCap } from "./run.ts";

const range = z.looseObject({ min: z.string(), median: z.string(), max: z.string() });
const answerShape = z.looseObject({
  fitting: z.int().nonnegative(),
  refused: z.int().nonnegative(),
  refusals: z.array(z.object({ nodeId: z.string(), reasons: z.array(z.string()) })).default([]),
  remedies: z.array(z.string()).default([]),
  pricePerUnitSecond: range.optional(),
  expected: range.optional(),
  expectedSeconds: range.optional(),
  tooSlow: z.int().nonnegative().default(0),
  total: range.optional(),
  durationSeconds: z.number().optional(),
  detection: z.array(z.object({ falseSegments: z.int(), ppm: z.int() })).default([]),
});
type Answer = z.infer<typeof answerShape>;

/** Exit code: 0 when at least one offer fits, 3 when none does. */
export async function quote(context: Context, file: string, flags: RunFlags): Promise<number> {
  const path = resolve(context.cwd, file);
  const parsed = underCap(readJobFile(path), flags.maxBudget);
  const body = { job: parsed.data, vocab: vocabOf(parsed, path) };
  const answer = answerShape.parse(await request(gatewayOf(context), "/v1/quote", { method: "POST", body }));
  const cap = parsed.job.pay.budget;
  const maxPricePerUnitSecond = ceilingPerSecond(parsed.job.pay.maxPricePerHour);
  context.emit({
    kind: "summary",
    ok: answer.fitting > 0,
    name: parsed.job.name,
    hardCap: cap,
    maxPricePerUnitSecond,
    ...answer,
  });
  context.say(
    `quote for ${parsed.job.name}: ${answer.fitting} offers fit, ${answer.refused} don't; nothing was signed or paid`,
  );
  for (const line of costLines(context, answer)) context.say(line);
  context.say(`  ${stepNote}`);
  tellCeiling(context, parsed);
  context.say(`  hard cap: ${amountOf(cap)} (pay.budget); no order of this file can cost more, whatever happens`);
  for (const line of whyNotLines(context, answer)) context.say(line);
  return answer.fitting > 0 ? 0 : 3;
}

/** Distinct bytes of the text, or undefined when it isn't there yet: a quote needs none. */
function vocabOf(parsed: ParsedJob, path: string): number | undefined {
  try {
    const count = new Set(corpusFor(parsed, path)).size;
    return count >= 2 ? count : undefined;
  } catch {
    return undefined;
  }
}

function costLines(context: Context, answer: Answer): string[] {
  const row = (title: string, of: z.infer<typeof range> | undefined, show: (value: string) => string) =>
    of === undefined ? [] : [[title, show(of.min), show(of.median), show(of.max)]];
  const longest = answer.durationSeconds === undefined ? "" : ` (${clockOf(answer.durationSeconds)})`;
  const rows = [
    ...row("price per unit and hour", answer.pricePerUnitSecond, rateOf),
    ...row("expected time", answer.expectedSeconds, (seconds) => clockOf(Number(seconds))),
    ...row("expected cost", answer.expected, amountOf),
    ...row(`most it can cost, if it takes all of duration${longest}`, answer.total, amountOf),
  ];
  if (rows.length === 0) return [];
  const right = "right" as const;
  const titles = ["lowest", "median", "highest"].map((title) => ({ title, align: right }));
  return [
    ...wholeTable([{ title: "" }, ...titles], rows, context.look),
    ...notes(answer).flatMap((note) => wrap(note, context.look.width - 2).map((line) => `  ${line}`)),
  ];
}

function notes({ expected, tooSlow, detection }: Answer): string[] {
  const chances = detection.map(({ falseSegments, ppm }) => `${percentOf(ppm)} for ${falseSegments}`);
  return [
    ...(expected === undefined
      ? []
      : ["expected: all steps at the speed that each node declares, with the audits that chance brings on average"]),
    "the most: the price for the whole duration with the whole audit pot and fees; what isn't used comes back",
    ...(chances.length === 0
      ? []
      : [
          `audits: the chance that one of the false segments is looked at: ${chances.join(", ")}; honest auditors find it`,
        ]),
    ...(tooSlow === 0
      ? []
      : [`${tooSlow} of the offers that fit are too slow by their own word to end in time: raise duration`]),
  ];
}

const refusalRows = 16;

function whyNotLines({ look, home }: Context, { refusals, remedies }: Answer): string[] {
  const names = readNames(home);
  const rows = refusals.flatMap(({ nodeId, reasons }) => reasons.map((why) => [nameOf(names, nodeId), harmless(why)]));
  if (rows.length === 0) return [];
  const more = rows.length > refusalRows ? [`  … and ${rows.length - refusalRows} more`] : [];
  return [
    ...wholeTable([{ title: "node" }, { title: "why not" }], rows.slice(0, refusalRows), look),
    ...more,
    ...remedies.map((line) => `  remedy: ${harmless(line)}`),
  ];
}

// The job file: its defaults are locked here, each mistake names field, limit and remedy, and the published JSON Schema
// is the one that is checked.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import * as Attributes from "./Attributes.ts";
import { check, type JobFile, jsonSchema } from "./JobFile.ts";
import { jobTerms } from "./jobTerms.ts";

const least = { name: "first", kind: "train-lm" };

function job(change: object = {}): JobFile {
  const checked = check({ ...least, ...change });
  assert.ok(checked.ok, checked.ok ? "" : JSON.stringify(checked.issues));
  return checked.job;
}

/** `field: message; remedy` of the only issue. */
function issue(change: object): string {
  const checked = check({ ...least, ...change });
  assert.ok(!checked.ok, "it was accepted");
  assert.equal(checked.issues.length, 1, JSON.stringify(checked.issues));
  const [{ field, message, remedy }] = checked.issues;
  return `${field}: ${message}; ${remedy}`;
}

test("the defaults, locked", () => {
  assert.deepEqual(job(), {
    name: "first",
    kind: "train-lm",
    program: { preset: "main", tokenizer: "bytes", seed: 1 },
    resources: {
      class: "cpu",
      units: 1,
      cpuThreads: 1,
      memoryGiB: 0,
      diskGiB: 0,
      fp32Gflops: 0,
      gpuCount: 0,
      gpuMemoryGiB: 0,
      netMbps: 0,
    },
    tier: "exact",
    mechanism: "reverseAuction",
    auctionMs: 2000,
    pay: { mode: "voucher", maxPricePerHour: 1_000_000n, budget: 5_000_000n },
    duration: 600,
    placement: { allow: [], deny: [] },
    output: "weft-out",
  });
});

test("a full file is read as written", () => {
  const full = job({
    corpus: "book.txt",
    program: {
      preset: "quick",
      model: { context: 32, dim: 48, layers: 3, heads: 6, kvHeads: 2, hidden: 100, tiedHead: false },
      tokenizer: { kind: "bpe", vocab: 512 },
      optimiser: { beta1: 0.9, beta2: "0.95", epsilon: 1e-8, weightDecay: 0.1 },
      ...{ batch: 8, accumulate: 2, clip: 0.5, steps: 500, checkpointEvery: "2m", warmupSteps: 20 },
      ...{ learningRate: "0.003", seed: 7 },
    },
    resources: { class: "gpu-h100", units: 2, netMbps: 101 },
    tier: "bare",
    mechanism: "postedPrice",
    auctionMs: 250,
    pay: { mode: "accrue", maxPricePerHour: 0.5, budget: "2.50" },
    duration: "2h",
    placement: { deny: [`0x${"AB".repeat(20)}`], region: "85283083fffffff" },
    output: "out",
  });
  const { optimiser, clip, learningRate, checkpointEvery } = full.program;
  assert.deepEqual([clip, learningRate, checkpointEvery], [500, 3_000_000, 120]);
  assert.deepEqual(optimiser, { beta1: 900_000, beta2: 950_000, epsilon: 10, weightDecay: 100_000 });
  assert.deepEqual([full.pay.maxPricePerHour, full.pay.budget, full.duration], [500_000n, 2_500_000n, 7200]);
  assert.deepEqual(full.placement.deny, [`0x${"ab".repeat(20)}`]);
});

const mistakes: [object, RegExp][] = [
  [{ name: "two words" }, /^name: is "two words", which does not fit; use 1 to 64 letters/],
  [{ name: undefined }, /^name: is missing; use 1 to 64 letters/],
  [{ kind: "train-gpt" }, /^kind: is "train-gpt".*use train-lm/],
  [{ program: { steps: 0 } }, /^program.steps: is 0, .*integer from 1 to 10000000/],
  [{ program: { steps: 1.5 } }, /^program.steps: is 1.5, .*integer from 1 to 10000000/],
  [{ program: { stps: 5 } }, /^program.stps: is not a field.*use one of preset, model/],
  [{ program: { learningRate: "fast" } }, /^program.learningRate: is "fast".*plain decimal.*at most 0.016777215/],
  [{ program: { learningRate: 0.5 } }, /^program.learningRate: is 0.5.*at most 0.016777215/],
  [{ program: { learningRate: 1.2e-10 } }, /^program.learningRate: is 1.2e-10.*plain decimal/],
  [{ program: { model: { kind: "cnn" } } }, /^program.model.kind: is "cnn".*one of gpt, mlp/],
  [{ program: { model: { context: 5000 } } }, /^program.model.context: is 5000.*from 1 to 4096/],
  [
    { program: { model: { kind: "mlp", layers: 2 } } },
    /^program.model.layers: does not belong to kind mlp, which has c/,
  ],
  [{ program: { tokenizer: "bpe" } }, /^program.tokenizer: is "bpe".*use bytes, or a mapping such as { kind: bpe/],
  [{ program: { tokenizer: { kind: "bpe" } } }, /^program.tokenizer.vocab: is missing; .*from 257 to 4096/],
  [{ program: { tokenizer: { kind: "bpe", vocab: 5000 } } }, /^program.tokenizer.vocab: is 5000.*from 257 to 4096/],
  [
    { program: { tokenizer: { kind: "bpe", size: 300, vocab: 300 } } },
    /^program.tokenizer.size: is not a field.*vocab/,
  ],
  [{ program: { optimiser: { momentum: 0.9 } } }, /^program.optimiser.momentum: does not belong to kind adamw/],
  [{ program: { optimiser: { beta2: 1 } } }, /^program.optimiser.beta2: is 1.*Decay of the squares, below 1/],
  [{ program: { accumulate: 65 } }, /^program.accumulate: is 65.*from 1 to 64/],
  [{ program: { clip: "none" } }, /^program.clip: is "none".*plain decimal.*0 clips nothing/],
  [{ program: { checkpointEvery: 90 } }, /^program.checkpointEvery: is 90.*such as 2m/],
  [{ program: { checkpointEvery: "2m", stepsPerSegment: 5 } }, /^program.checkpointEvery: is given beside stepsPer/],
  [{ program: 7 }, /^program: is 7, .*use a mapping of fields/],
  [{ resources: { class: "GPU" } }, /^resources.class: is "GPU".*a-z, 0-9 and dash/],
  [{ resources: { units: 0 } }, /^resources.units: .*from 1 to 1024/],
  [{ tier: "quorum" }, /^tier: is "quorum".*use one of exact, bare/],
  [{ mechanism: "lottery" }, /^mechanism: .*postedPrice, reverseAuction/],
  [{ auctionMs: 10 }, /^auctionMs: is 10.*from 250 to 600000/],
  [{ pay: { budget: "1e6" } }, /^pay.budget: is "1e6".*plain decimal/],
  [{ pay: { budget: -1 } }, /^pay.budget: is -1.*plain decimal/],
  [{ pay: { budget: "1.0000001" } }, /^pay.budget: .*plain decimal/],
  [{ pay: { maxPricePerHour: "0.0035" } }, /^pay.maxPricePerHour: is below the smallest price/],
  [{ duration: "10" }, /^duration: is "10".*such as 10m/],
  [{ duration: "366d" }, /^duration: .*at most 365 days/],
  [{ duration: 600 }, /^duration: is 600.*such as 10m/],
  [{ placement: { allow: ["node1"] } }, /^placement.allow.0: is "node1"/],
  [{ placement: { region: "berlin" } }, /^placement.region: is "berlin".*H3 cell/],
  [{ output: "" }, /^output: is "".*1 to 4096 characters/],
  [{ corpsu: "x" }, /^corpsu: is not a field.*corpus/],
];

for (const [change, expected] of mistakes)
  test(`mistake: ${JSON.stringify(change)}`, () => assert.match(issue(change), expected));

test("a node both allowed and denied is one too many", () => {
  const node = `0x${"ab".repeat(20)}`;
  assert.match(
    issue({ placement: { allow: [node], deny: [node] } }),
    /^placement.deny: 0x(ab)+ is both allowed and denied/,
  );
});

test("what is no mapping at all gets one plain issue", () => {
  for (const input of [null, undefined, 5, "text", [], true]) {
    const checked = check(input);
    assert.ok(!checked.ok);
    assert.match(checked.issues[0].remedy, /write at least/);
  }
});

test("several mistakes are told together, each with the path the CLI needs for its line", () => {
  const checked = check({ ...least, tier: "x", program: { steps: -1 }, pay: { budget: "?" } });
  assert.ok(!checked.ok);
  assert.deepEqual(checked.issues.map(({ path }) => path.join("/")).sort(), ["pay/budget", "program/steps", "tier"]);
});

test("terms: what the order says", () => {
  const terms = jobTerms(
    job({ resources: { class: "cpu", cpuThreads: 4, netMbps: 101, units: 3 }, pay: { maxPricePerHour: "1" } }),
  );
  assert.equal(terms.maxPricePerUnitSecond, 277n, "rounded down: 277 · 3600 is below 1.000000");
  assert.equal(terms.class, "0x6370750000000000");
  const { cpuThreads, netMbpsTenth } = Attributes.unpack(terms.minAttributes);
  assert.deepEqual([cpuThreads, netMbpsTenth, terms.units], [4, 11, 3n]);
  assert.deepEqual([terms.tier, terms.mechanism, terms.payMode, terms.durationSeconds], [1n, 1n, 0n, 600n]);
});

test("spec/job.schema.json is this schema", () => {
  const published = readFileSync(new URL("../../../spec/job.schema.json", import.meta.url), "utf8");
  assert.deepEqual(JSON.parse(published), jsonSchema(), "run npm run generate");
});

test("every field of the schema is described", () => {
  const undescribed: string[] = [];
  const walk = (node: Record<string, unknown>, path: string) => {
    for (const [name, child] of Object.entries((node["properties"] ?? {}) as Record<string, Record<string, unknown>>)) {
      if (typeof child["description"] !== "string") undescribed.push(`${path}${name}`);
      walk(child, `${path}${name}.`);
    }
  };
  walk(jsonSchema(), "");
  assert.deepEqual(undescribed, []);
});

// Programs of version 2: one text and one hash each, every field bound, untrusted data refused by name.
import assert from "node:assert/strict";
import { test } from "node:test";
import { toHex } from "../sha256.ts";
import { TensorError } from "../TensorError.ts";
import { trainBpe } from "../tokenizers/trainBpe.ts";
import { decodeCheckpoint, encodeCheckpoint, readCheckpointProgram } from "./Checkpoint.ts";
import {
  createTrainProgram,
  decodeTrainProgram,
  encodeTrainProgram,
  openProgram,
  outlineProgram,
  type TrainProgram,
  trainingBytesOf,
  trainProgramHash,
  validateTrainProgram,
} from "./Program.ts";
import { trainPresets } from "./presets.ts";
import { startState } from "./startState.ts";
import { tinyCorpus, tinyMlpModel, tinyTrainProgram } from "./tinyTrainProgram.ts";

const seed = new Uint8Array(32).fill(1);

test("a program's text reads back, is canonical, and hashes to its identity", () => {
  for (const program of [tinyTrainProgram(), tinyTrainProgram({ model: tinyMlpModel })]) {
    const text = encodeTrainProgram(program);
    assert.deepEqual(decodeTrainProgram(text), program);
    assert.equal(encodeTrainProgram(JSON.parse(JSON.stringify(program)) as TrainProgram), text);
    assert.ok(!text.includes(" ") && text.indexOf('"accumulate"') < text.indexOf('"batch"'));
    assert.equal(toHex(openProgram(program).hash), toHex(trainProgramHash(program)));
  }
});

test("whatever is changed changes the hash", () => {
  const base = tinyTrainProgram();
  const changed: TrainProgram[] = [
    tinyTrainProgram({}, 2),
    tinyTrainProgram({ batch: 4 }),
    tinyTrainProgram({ accumulate: 2 }),
    tinyTrainProgram({ clipMilli: 0 }),
    tinyTrainProgram({ totalSteps: 25 }),
    tinyTrainProgram({ stepsPerSegment: 7 }),
    tinyTrainProgram({ optimiser: { kind: "sgd", momentumPpm: 0 } }),
    tinyTrainProgram({ schedule: { kind: "linear", rateNano: 1, finalRateNano: 0, warmupSteps: 0 } }),
    tinyTrainProgram({ split: { heldOutPpm: 0 } }),
    tinyTrainProgram({ model: tinyMlpModel }),
    { ...base, corpusBytes: base.corpusBytes + 1 },
  ];
  const hashes = [base, ...changed].map((program) => toHex(trainProgramHash(program)));
  assert.equal(new Set(hashes).size, hashes.length);
});

const put = (path: string, value: unknown): unknown => {
  const copy = JSON.parse(JSON.stringify(tinyTrainProgram())) as Record<string, unknown>;
  const [head, tail] = path.split(".") as [string, string | undefined];
  if (tail === undefined) copy[head] = value;
  else (copy[head] as Record<string, unknown>)[tail] = value;
  return copy;
};

/** The same data with the fields of every object the other way round. */
function turned(value: unknown): unknown {
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.map(turned);
  return Object.fromEntries(
    Object.entries(value)
      .reverse()
      .map(([key, inner]) => [key, turned(inner)]),
  );
}

test("the order of fields is no part of a program: same text, hash and step graph", () => {
  const programs = [tinyTrainProgram(), tinyTrainProgram({ model: tinyMlpModel, accumulate: 2 })];
  for (const program of programs) {
    const other = openProgram(turned(program));
    assert.notDeepEqual(Object.keys(other.program), Object.keys(program));
    assert.equal(encodeTrainProgram(other.program), encodeTrainProgram(program));
    assert.equal(toHex(other.hash), toHex(openProgram(program).hash));
  }
});

test("wrong fields are refused by name, with a remedy", () => {
  const wrong: [unknown, RegExp][] = [
    [undefined, /program has other fields/],
    [[], /program has other fields/],
    [put("extra", 1), /program has other fields/],
    [put("version", 1), /kind or version/],
    [put("kind", "mlp-char-lm"), /kind or version/],
    [put("numericsId", "int8-int32"), /numericsId/],
    [put("totalSteps", 0), /totalSteps is 0/],
    [put("totalSteps", 1.5), /totalSteps is 1.5/],
    [put("stepsPerSegment", 100_000), /stepsPerSegment is 100000/],
    [put("corpusBytes", 2 ** 29), /corpusBytes is/],
    [put("batch", 0), /batch is 0/],
    [put("accumulate", 65), /accumulate is 65/],
    [put("clipMilli", -1), /clipMilli is -1/],
    [put("seed", "0x12"), /seed is not/],
    [put("dataRoot", 7), /dataRoot is not/],
    [put("seed", [`0x${"01".repeat(32)}`]), /seed is not/],
    [put("stepGraph", "0x"), /stepGraph is not/],
    [put("model.dim", 7), /dim is 7 with/],
    [put("model.kind", "cnn"), /cnn has other fields/],
    [put("tokenizer.kind", "words"), /tokenizer kind/],
    [put("tokenizer.bytes", [2, 1]), /bytes holds 1/],
    [put("optimiser.beta1Ppm", 1e6), /beta1Ppm/],
    [put("optimiser.kind", "lion"), /optimiser kind/],
    [put("schedule.kind", "step"), /schedule kind/],
    [put("schedule.warmupSteps", 25), /warmupSteps is above/],
    [put("schedule.rateNano", 2 ** 24), /rateNano is/],
    [put("split.heldOutPpm", 900_001), /heldOutPpm is/],
  ];
  for (const [value, message] of wrong)
    assert.throws(
      () => validateTrainProgram(value),
      (error: TensorError) => {
        assert.ok(error instanceof TensorError && (error.remedy ?? "").length > 3, String(error));
        assert.equal(error.code, "tensor.bad-program");
        assert.match(error.message, message);
        return true;
      },
    );
  assert.throws(() => decodeTrainProgram("{"), { code: "tensor.bad-program" });
  assert.throws(() => decodeTrainProgram(" ".repeat(5_000_000)), {
    code: "tensor.bad-program",
    message: /5000000 char/,
  });
});

test("a program whose step is another graph is refused when it is opened", () => {
  const program = tinyTrainProgram();
  const other = tinyTrainProgram({ batch: 4 });
  assert.throws(() => openProgram({ ...program, stepGraph: other.stepGraph }), {
    code: "tensor.bad-program",
    message: /expands to 0x/,
  });
  const small = { ...program, model: { ...program.model, vocab: 5 } };
  assert.throws(() => openProgram(small), {
    code: "tensor.bad-program",
    message: /tokenizer has \d+ tokens and the model 5/,
  });
});

test("a few words that ask for a graph without end are refused while it is written", () => {
  const base = tinyTrainProgram();
  const model = { ...base.model, layers: 128 };
  assert.throws(() => openProgram({ ...base, model, accumulate: 64 }), {
    code: "tensor.bad-graph",
    message: /more than 131072 values/,
  });
  const { step } = outlineProgram({ ...base, model, accumulate: 64 });
  assert.equal(step.state.length, 3 * (9 * 128 + 2) + 1, "its outline costs nothing");
});

test("JSON nested without end is refused by name in every field, not by running out of stack", () => {
  const program = tinyTrainProgram();
  const nested = `${"[".repeat(200_000)}${"]".repeat(200_000)}`;
  for (const field of Object.keys(program)) {
    const text = JSON.stringify({ ...program, [field]: "@" }).replace('"@"', nested);
    assert.throws(() => decodeTrainProgram(text), { code: "tensor.bad-program" }, field);
  }
});

test("a vocabulary of byte pairs is part of the program", () => {
  const tokenizer = trainBpe(tinyCorpus, { vocab: 50, alphabet: "corpus" });
  const program = createTrainProgram(
    { ...trainPresets.quick, totalSteps: 40 },
    { corpus: tinyCorpus, seed, tokenizer },
  );
  assert.equal(program.model.vocab, openProgram(program).tokenizer.vocab);
  assert.deepEqual(decodeTrainProgram(encodeTrainProgram(program)).tokenizer, tokenizer);
  assert.throws(() => createTrainProgram(trainPresets.quick, { corpus: new Uint8Array(1), seed }), {
    code: "tensor.bad-program",
  });
});

test("the split counts bytes, rounded towards training", () => {
  assert.equal(trainingBytesOf({ corpusBytes: 1260, split: { heldOutPpm: 100_000 } }), 1134);
  assert.equal(trainingBytesOf({ corpusBytes: 9, split: { heldOutPpm: 100_000 } }), 9);
});

test("damaged checkpoints are refused, never read as another state", () => {
  const open = openProgram(tinyTrainProgram());
  const bytes = encodeCheckpoint(open, { nextStep: 3, state: startState(seed, open.step.state) });
  const header = 8 + Number(new DataView(bytes.buffer).getBigUint64(0, true));
  for (let at = 0; at < header; at += 7) {
    const damaged = bytes.slice();
    damaged[at]! ^= 1 << (at % 8);
    try {
      const { nextStep, state } = decodeCheckpoint(open, damaged);
      // What still reads as a checkpoint of this program says so in its header: another step, or nothing at all changed.
      assert.deepEqual(
        Object.keys(state),
        open.step.state.map(({ name }) => name),
      );
      assert.ok(nextStep <= open.program.totalSteps);
    } catch (error) {
      assert.ok(error instanceof TensorError, String(error));
    }
  }
  for (const length of [0, 7, 8, header - 1, bytes.length - 1])
    assert.throws(() => decodeCheckpoint(open, bytes.slice(0, length)), { code: "tensor.bad-safetensors" });
  const renamed = Buffer.from(bytes).toString("latin1").replace("model.norm.weight", "model.norm.weigth");
  assert.throws(() => decodeCheckpoint(open, new Uint8Array(Buffer.from(renamed, "latin1"))), {
    code: "tensor.bad-checkpoint",
    message: /the program needs model.norm.weight/,
  });
});

test("a checkpoint says its own program; one whose text and hash differ is refused", () => {
  const open = openProgram(tinyTrainProgram());
  const bytes = encodeCheckpoint(open, { nextStep: 3, state: startState(seed, open.step.state) });
  assert.deepEqual(readCheckpointProgram(bytes), { program: open.program, nextStep: 3 });
  const bent = (from: string, to: string) => {
    const text = Buffer.from(bytes).toString("latin1");
    assert.equal(text.split(from).length, 2, from);
    return new Uint8Array(Buffer.from(text.replace(from, to), "latin1"));
  };
  const field = String.raw`\"totalSteps\":`;
  const lying = bent(`${field}24`, `${field}25`);
  assert.throws(() => readCheckpointProgram(lying), { code: "tensor.bad-checkpoint", message: /does not hash to/ });
  assert.throws(() => decodeCheckpoint(open, lying), { code: "tensor.bad-checkpoint", message: /canonical text/ });
  // The same program in another text: other bytes of an equal state.
  const spaced = bent("100000}", "   1e5}");
  assert.deepEqual(readCheckpointProgram(spaced).program, open.program);
  assert.throws(() => decodeCheckpoint(open, spaced), { code: "tensor.bad-checkpoint", message: /canonical text/ });
  const older = bent("weft-checkpoint/2", "weft-checkpoint/1");
  for (const read of [readCheckpointProgram, (file: Uint8Array) => decodeCheckpoint(open, file)])
    assert.throws(() => read(older), { code: "tensor.bad-checkpoint", message: /weft-checkpoint\/1, not/ });
});

test("the presets are locked", () => {
  for (const preset of Object.values(trainPresets)) {
    const program = createTrainProgram(preset, { corpus: tinyCorpus, seed });
    assert.ok(openProgram(program).step.parameters.length > 10);
  }
  assert.deepEqual(
    Object.entries(trainPresets).map(([name, { batch, totalSteps, stepsPerSegment, model, schedule }]) => [
      name,
      { batch, totalSteps, stepsPerSegment, dim: "dim" in model && model.dim, rateNano: schedule.rateNano },
    ]),
    [
      ["quick", { batch: 4, totalSteps: 400, stepsPerSegment: 16, dim: 64, rateNano: 4_000_000 }],
      ["main", { batch: 16, totalSteps: 500, stepsPerSegment: 20, dim: 128, rateNano: 2_500_000 }],
    ],
  );
});

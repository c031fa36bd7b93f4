// The engine as its callers see it: texts that depend on the request alone, streams, limits, failures.
import assert from "node:assert/strict";
import { test } from "node:test";
import { continueGreedily, forward, smallModel } from "../formats/gptFixture.ts";
import type { GptWeights } from "../formats/readLlama2cCheckpoint.ts";
import { createDraws, type Draws } from "../kernel/setFixture.ts";
import { type Engine, type EngineOptions, type GenerateOptions, openEngine } from "./Engine.ts";
import type { Ending } from "./Generation.ts";
import { createWords, drawFromLogits } from "./Sampling.ts";

const VOCAB = 61;
const model = smallModel(VOCAB);
const { context } = model.config;

/** Runs with an engine, and closes it. */
async function withEngine<T>(options: EngineOptions, use: (engine: Engine) => Promise<T>, of = model): Promise<T> {
  const engine = await openEngine(of, options);
  try {
    return await use(engine);
  } finally {
    await engine.close();
  }
}

async function run(engine: Engine, options: GenerateOptions): Promise<{ tokens: number[]; ending: Ending }> {
  const generation = engine.generate(options);
  const tokens: number[] = [];
  for await (const token of generation) tokens.push(token);
  return { tokens, ending: await generation.ending };
}

const greedy = { prompt: [1, 2, 3], maxTokens: 5, temperatureMilli: 0 } as const;

/** Requests of all kinds. */
function drawRequest(draws: Draws): GenerateOptions {
  return {
    prompt: Array.from({ length: 1 + draws.below(30) }, () => draws.below(VOCAB)),
    maxTokens: 1 + draws.below(70),
    seed: Uint8Array.from(draws.words(32)),
    temperatureMilli: draws.pick([0, 300, 1000, 2000]),
    ...(draws.below(2) === 0 ? {} : { topK: 1 + draws.below(20) }),
    topPMilli: draws.pick([1000, 900, 400]),
    repetitionMilli: draws.pick([1000, 1300]),
    repetitionWindow: 1 + draws.below(20),
    stopTokens: draws.below(2) === 0 ? [1, 2, 3].map(() => draws.below(VOCAB)) : [],
    whenFull: draws.pick(["stop", "slide"]),
  };
}

test("greedy tokens are those of the reference, whatever the chunk of the prompt", async () => {
  const prompt = Int32Array.from({ length: 20 }, (_, i) => (7 * i) % VOCAB);
  const expected = continueGreedily(model, prompt, 8);
  for (const chunk of [8, 64])
    await withEngine({ slots: 2, chunk }, async (engine) => {
      const { tokens, ending } = await run(engine, { ...greedy, prompt, maxTokens: 8 });
      assert.deepEqual(tokens, expected);
      assert.deepEqual(ending, { reason: "length", promptTokens: 20, tokens: 8 });
    });
});

test("a request's tokens depend on nothing but itself: alone, or among others that come, leave and are aborted", async () => {
  const seed = "engine/batch";
  const draws = createDraws(seed);
  const requests = Array.from({ length: 14 }, () => drawRequest(draws));
  const alone = await withEngine({ slots: 1, chunk: 64 }, async (engine) => {
    const results = [];
    for (const request of requests) results.push(await run(engine, request));
    return results;
  });
  assert.ok(new Set(alone.map(({ ending }) => ending.reason)).size > 2, "ends of several kinds");
  for (const options of [
    { slots: 3, chunk: 8, ahead: 1, threads: 2 },
    { slots: 8, chunk: 16, ahead: 4096 },
  ] as const)
    await withEngine({ ...options, queue: 100 }, async (engine) => {
      const together = requests.map(async (request, i) => {
        const other = engine.generate(drawRequest(draws));
        const found = run(engine, request);
        // A neighbour that leaves after some tokens.
        for (let n = 0; n < i % 5; n++) await other.next();
        await other.return?.();
        return found;
      });
      assert.deepEqual(await Promise.all(together), alone, `seed ${seed}, ${JSON.stringify(options)}`);
    });
});

test("seeds: the same one gives the same tokens, another one others", async () => {
  await withEngine({}, async (engine) => {
    const draw = (fill: number) => run(engine, { prompt: [1], maxTokens: 30, seed: new Uint8Array(32).fill(fill) });
    const [one, again, other] = await Promise.all([draw(1), draw(1), draw(2)]);
    assert.deepEqual(one, again);
    assert.notDeepEqual(one.tokens, other.tokens);
    const single = { prompt: [1], maxTokens: 30, seed: new Uint8Array(32).fill(9), topK: 1 };
    assert.deepEqual(
      (await run(engine, single)).tokens,
      (await run(engine, { ...single, temperatureMilli: 0, topPMilli: 300 })).tokens,
      "the likeliest of one",
    );
  });
});

test("a draw is that of the logits by themselves: the recipe of exp, the request's word", async () => {
  const seed = new Uint8Array(32).fill(6);
  const word = createWords(seed);
  await withEngine({}, async (engine) => {
    const { tokens } = await run(engine, { prompt: [3], maxTokens: 12, seed, temperatureMilli: 700 });
    tokens.forEach((token, i) => {
      const logits = forward(model, Int32Array.from([3, ...tokens.slice(0, i)])).subarray(-VOCAB);
      assert.equal(drawFromLogits(logits, 700, word(i)), token);
    });
  });
});

test("a full context ends a sequence, or it goes on from its last half as if that were the prompt", async () => {
  await withEngine({ context: 16 }, async (engine) => {
    const prompt = Array.from({ length: 10 }, (_, i) => i);
    const stopped = await run(engine, { ...greedy, prompt, maxTokens: 40 });
    assert.deepEqual(stopped.ending, { reason: "context", promptTokens: 10, tokens: 7 });
    const { tokens } = await run(engine, { ...greedy, prompt, maxTokens: 20, whenFull: "slide" });
    assert.deepEqual(tokens.slice(0, 7), stopped.tokens);
    let window = [...prompt];
    for (const token of tokens) {
      const logits = forward(model, Int32Array.from(window)).subarray(-VOCAB);
      assert.equal(token, logits.indexOf(Math.max(...logits)));
      window.push(token);
      if (window.length > 16) window = window.slice(-8);
    }
    const whole = await run(engine, { ...greedy, prompt: Array.from({ length: 16 }, () => 1), maxTokens: 3 });
    assert.deepEqual(whole.ending, { reason: "context", promptTokens: 16, tokens: 1 });
  });
});

test("only tokens of the smaller vocabulary are drawn; a stop token ends and is told", async () => {
  await withEngine({ vocab: 7 }, async (engine) => {
    const { tokens } = await run(engine, { prompt: [60], maxTokens: 40, seed: new Uint8Array(32) });
    assert.ok(tokens.every((token) => token < 7) && new Set(tokens).size > 3, String(tokens));
    const other = tokens.findIndex((token) => token !== tokens[0]);
    const stopTokens = [tokens[other]!];
    const again = await run(engine, { prompt: [60], maxTokens: 40, seed: new Uint8Array(32), stopTokens });
    assert.deepEqual(again.tokens, tokens.slice(0, other));
    assert.deepEqual(again.ending, { reason: "stop", stopToken: tokens[other], promptTokens: 1, tokens: other });
  });
});

test("a reader that leaves or aborts frees its slot; who waited runs", async () => {
  await withEngine({ slots: 1, ahead: 2 }, async (engine) => {
    const endless = { ...greedy, maxTokens: 1_000_000, whenFull: "slide" } as const;
    const aborted = new AbortController();
    const [left, stopped] = [engine.generate(endless), engine.generate({ ...endless, signal: aborted.signal })];
    const last = run(engine, greedy);
    assert.deepEqual(engine.load, { running: 1, waiting: 2 });
    for await (const _ of left) break;
    assert.deepEqual(await left.ending, { reason: "left", promptTokens: 3, tokens: 1 });
    assert.deepEqual(await left.next(), { value: undefined, done: true });
    await stopped.next();
    const waiting = stopped
      .next()
      .then(() => stopped.next())
      .then(() => stopped.next());
    aborted.abort(new Error("enough"));
    await assert.rejects(waiting, /enough/);
    await assert.rejects(stopped.ending, /enough/);
    assert.equal((await last).tokens.length, 5);
    assert.deepEqual(engine.load, { running: 0, waiting: 0 });
    assert.throws(() => engine.generate({ ...greedy, signal: aborted.signal }), /enough/);
  });
});

test("what is out of its limits is refused with the number, before it runs", async () => {
  await withEngine({ slots: 1, queue: 1 }, async (engine) => {
    const refused: [object, RegExp][] = [
      [{ prompt: [] }, /prompt has 0 tokens/],
      [{ prompt: Array(context + 1).fill(1) }, new RegExp(`prompt has ${context + 1} tokens`)],
      [{ prompt: { length: 1e12 } }, /prompt has 1000000000000 tokens/],
      [{ prompt: [1, VOCAB] }, new RegExp(`prompt has token ${VOCAB}`)],
      [{ prompt: [-1] }, /prompt has token -1/],
      [{ prompt: [1.5] }, /prompt has token 1.5/],
      [{ maxTokens: 0 }, /maxTokens is 0/],
      [{ maxTokens: 1e9 }, /maxTokens is 1000000000/],
      [{ stopTokens: [VOCAB] }, /stopTokens are/],
      [{ stopTokens: Array(65).fill(1) }, /stopTokens are/],
      [{ temperatureMilli: undefined, seed: undefined }, /seed has 0 bytes/],
      [{ whenFull: "grow" }, /whenFull is grow/],
    ];
    for (const [changes, message] of refused)
      assert.throws(() => engine.generate({ ...greedy, ...changes } as GenerateOptions), {
        code: "tensor.bad-option",
        message,
      });
    const two = [engine.generate(greedy), engine.generate(greedy)];
    assert.throws(() => engine.generate(greedy), { code: "tensor.busy", retryable: true, message: /2 generations/ });
    for (const generation of two) for await (const _ of generation);
    assert.equal((await run(engine, greedy)).tokens.length, 5);
  });
  const options: [EngineOptions, string, RegExp][] = [
    [{ slots: 0 }, "bad-option", /slots is 0/],
    [{ context: context + 1 }, "bad-option", new RegExp(`context is ${context + 1}`)],
    [{ vocab: VOCAB + 1 }, "bad-option", /vocab is 62/],
    [{ queue: -1 }, "bad-option", /queue is -1/],
    [{ ahead: 0 }, "bad-option", /ahead is 0/],
    [{ chunk: 7 }, "bad-option", /chunk is 7/],
    [{ threads: 5 as 4 }, "bad-option", /threads is 5/],
    [{ memoryLimit: 2_000_000 }, "over-memory", /needs \d+ bytes of memory, its limit is 2000000/],
  ];
  for (const [option, code, message] of options)
    await assert.rejects(openEngine(model, option), { code: `tensor.${code}`, message });
  const misshapen = { ...model, tensors: model.tensors.slice(1) };
  await assert.rejects(openEngine(misshapen), {
    code: "tensor.bad-model",
    message: /model.embed_tokens.weight is not/,
  });
});

/** The model with an infinite row of the embedding. */
function poisoned(token: number): GptWeights {
  const free = smallModel(VOCAB, false);
  const { dim } = free.config;
  return {
    ...free,
    tensors: free.tensors.map((tensor, i) =>
      i === 0
        ? {
            ...tensor,
            dtype: "f32",
            data: (tensor.data as Float32Array).map((x, at) => (Math.floor(at / dim) === token ? 1 / 0 : x)),
          }
        : tensor,
    ),
  };
}

test("NaN: in a weight the engine does not open; in logits one generation fails, the others go on", async () => {
  const bad = (model.tensors[3]!.data as Float32Array).with(5, Number.NaN);
  const tensors = model.tensors.map((tensor, i) =>
    i === 3 ? { ...tensor, dtype: "f32" as const, data: bad } : tensor,
  );
  await assert.rejects(openEngine({ ...model, tensors }), {
    code: "tensor.nan",
    message: /k_proj.weight holds a NaN at element 5/,
  });
  await withEngine(
    {},
    async (engine) => {
      const alone = await run(engine, greedy);
      const [healthy, failing] = [run(engine, greedy), engine.generate({ ...greedy, prompt: [1, 9, 2] })];
      const failure = { code: "tensor.nan", message: /logits after 3 tokens/ };
      await assert.rejects(async () => {
        for await (const _ of failing);
      }, failure);
      await assert.rejects(failing.ending, failure);
      assert.deepEqual(await healthy, alone);
    },
    poisoned(9),
  );
});

test("a worker that fails ends every generation with worker-failed; a closed engine says so; an aborted one the reason", async () => {
  const broken = await openEngine(model, { slots: 1, failInStep: 2 });
  const generations = [broken.generate({ ...greedy, maxTokens: 50 }), broken.generate(greedy)];
  const failure = { code: "tensor.worker-failed", retryable: true, message: /fault injected in step 2/ };
  for (const generation of generations)
    await assert.rejects(async () => {
      for await (const _ of generation);
    }, failure);
  assert.throws(() => broken.generate(greedy), failure);
  await broken.close();

  const closing = await openEngine(model);
  const reading = run(closing, { ...greedy, maxTokens: 1_000_000, whenFull: "slide" });
  reading.catch(() => {});
  await closing.close();
  await closing.close();
  await assert.rejects(reading, { code: "tensor.closed" });
  assert.throws(() => closing.generate(greedy), { code: "tensor.closed" });

  const signal = AbortSignal.abort(new Error("not now"));
  await assert.rejects(openEngine(model, { signal }), /not now/);
  const aborting = new AbortController();
  const engine = await openEngine(model, { signal: aborting.signal });
  const pending = run(engine, { ...greedy, maxTokens: 1_000_000, whenFull: "slide" });
  aborting.abort(new Error("later"));
  await assert.rejects(pending, /later/);
});

// The commands of models on this machine: train, and everything that a model can be used for.
import { duration } from "@weft/protocol/jobFields";
import { type Command, Option } from "commander";
import { type Add, count, readOption } from "./commandSpec.ts";
import type { EvalFlags } from "./commands/evalModel.ts";
import type { ExportFlags } from "./commands/exportModel.ts";
import type { GenerateFlags } from "./commands/generate.ts";
import type { ServeFlags } from "./commands/serve.ts";

/** "512MiB", "4GiB" as bytes. */
export function readMemory(text: string): number | undefined {
  const [, digits, unit] = /^([1-9]\d{0,6})(MiB|GiB)$/.exec(text) ?? [];
  return digits === undefined ? undefined : Number(digits) * (unit === "MiB" ? 2 ** 20 : 2 ** 30);
}

const threads = () =>
  count("--threads <n>", "threads that compute (default: the machine's, at most 4)", { min: 1, max: 4 });
const memory = () =>
  readOption("--memory <size>", "most memory that it may take, such as 4GiB (default 2GiB)", {
    read: readMemory,
    wanted: "Use a number and MiB or GiB, such as 512MiB.",
  });

/** A decimal number as thousandths, within bounds. */
function thousandths(flags: string, description: string, { min, max }: { min: number; max: number }): Option {
  return readOption(flags, description, {
    read: (text) => {
      const value = /^\d{1,5}(\.\d{1,3})?$/.test(text) ? Math.round(Number(text) * 1000) : Number.NaN;
      return value >= min && value <= max ? value : undefined;
    },
    wanted: `Use a number from ${min / 1000} to ${max / 1000} with at most three decimals.`,
  });
}

const tokenizer = () => new Option("--tokenizer <file>", "tokenizer of a llama2.c checkpoint, such as tok512.bin");
const seed = (description: string) => count("--seed <n>", description, { min: 0, max: Number.MAX_SAFE_INTEGER });
const out = (description: string) => new Option("--out <path>", description).makeOptionMandatory();

export function addModelCommands(program: Command, add: Add): void {
  addTrain(program, add);
  addGenerate(program, add);
  addEval(program, add);
  addServe(program, add);
  addConversions(program, add);
}

function addGenerate(program: Command, add: Add): void {
  add(program, {
    usage: "generate <model>",
    summary: "text from a model, as it is drawn",
    options: [
      new Option("--prompt <text>", "what it goes on from (default: nothing)"),
      new Option("--prompt-file <file>", "the same from a file, or from a pipe: -"),
      count("--max-tokens <n>", "most tokens drawn", { min: 1, max: 1_000_000 }).default(256),
      thousandths("--temperature <t>", "0 takes the likeliest token", { min: 0, max: 10_000 }).default(800, "0.8"),
      count("--top-k <n>", "draw among the so many likeliest tokens (default: all)", { min: 1, max: 4096 }),
      thousandths("--top-p <p>", "draw among the likeliest that together have this share", { min: 1, max: 1000 }),
      thousandths("--repetition <r>", "makes recent tokens less likely, above 1", { min: 1000, max: 10_000 }),
      seed("the same seed gives the same text (default: another one each time)"),
      new Option("--stop <text...>", "texts that end it"),
      threads(),
      memory(),
      tokenizer(),
    ],
    notes:
      "A model is what `weft train` or a job left, what `weft export` wrote, a GGUF file, or a llama2.c checkpoint.",
    examples: [
      "weft generate weft-out/shakespeare.safetensors --prompt 'ROMEO:' --seed 1",
      "weft generate model.gguf --prompt 'Once upon' --temperature 0 --json",
      "weft generate model.gguf --prompt-file - < prompt.txt",
    ],
    run: async (context, [model], flags) =>
      (await import("./commands/generate.ts")).generate(context, model as string, flags as unknown as GenerateFlags),
  });
}

function addEval(program: Command, add: Add): void {
  add(program, {
    usage: "eval <model>",
    summary: "bits per character of a model on a text",
    options: [
      new Option("--text <file>", "the text").makeOptionMandatory(),
      count("--positions <n>", "about how many tokens are predicted (default 8192)", { min: 1, max: 200_000 }),
      tokenizer(),
    ],
    notes: "On the text that a checkpoint was trained on, only the held-out part counts, beside two n-grams.",
    examples: ["weft eval weft-out/shakespeare.safetensors --text input.txt", "weft eval model.gguf --text a.txt"],
    run: async (context, [model], flags) =>
      (await import("./commands/evalModel.ts")).evalModel(context, model as string, flags as unknown as EvalFlags),
  });
}

function addServe(program: Command, add: Add): void {
  add(program, {
    usage: "serve <model>",
    summary: "a model behind OpenAI's HTTP API, on this machine only unless told otherwise",
    options: [
      count("--port <port>", "port (0: a free one)", { min: 0, max: 65_535 }).default(8490),
      new Option("--host <address>", "address to listen at; beyond loopback only with a key").default("127.0.0.1"),
      new Option("--api-key-file <file>", "clients must send the key in this file"),
      new Option("--name <name>", "what clients call the model (default: the file's name)"),
      count("--slots <n>", "answers computed together", { min: 1, max: 64 }).default(4),
      count("--queue <n>", "answers that may wait; more are refused with 429", { min: 0, max: 10_000 }).default(64),
      count("--max-tokens <n>", "most tokens of one answer", { min: 1, max: 1_000_000 }).default(2048),
      threads(),
      memory(),
      tokenizer(),
    ],
    notes: "GET /v1/models, POST /v1/completions, POST /v1/chat/completions, also streamed; GET /health.",
    examples: [
      "weft serve weft-out/shakespeare.safetensors",
      "weft serve model.gguf --port 0 --slots 8 --json",
      "weft serve model.gguf --host 192.0.2.7 --api-key-file key.txt",
    ],
    run: async (context, [model], flags) =>
      (await import("./commands/serve.ts")).serve(context, model as string, flags as unknown as ServeFlags),
  });
}

function addConversions(program: Command, add: Add): void {
  add(program, {
    usage: "export <model>",
    summary: "a model in the form that another program reads",
    options: [
      new Option("--format <form>", "what is written").choices(["gguf", "onnx", "safetensors"]).makeOptionMandatory(),
      new Option("--type <type>", "of the weights in a GGUF file (default f32)").choices(["f32", "f16", "q8_0"]),
      out("file to write; for safetensors also a folder, which then gets what transformers opens"),
      tokenizer(),
    ],
    notes:
      "GGUF is for llama.cpp, safetensors for transformers and its relatives, ONNX takes one row of a whole context.",
    examples: [
      "weft export weft-out/shakespeare.safetensors --format gguf --type f16 --out shakespeare.gguf",
      "weft export weft-out/shakespeare.safetensors --format safetensors --out shakespeare",
    ],
    run: async (context, [model], flags) =>
      (await import("./commands/exportModel.ts")).exportModel(
        context,
        model as string,
        flags as unknown as ExportFlags,
      ),
  });
  add(program, {
    usage: "import <file>",
    summary: "a llama2.c checkpoint or a GGUF file as a model file of one's own",
    options: [out("file to write, such as stories.safetensors"), tokenizer()],
    examples: ["weft import stories260K.bin --tokenizer tok512.bin --out stories.safetensors"],
    run: async (context, [file], flags) =>
      (await import("./commands/exportModel.ts")).importModel(context, file as string, flags as unknown as ExportFlags),
  });
}

function addTrain(program: Command, add: Add): void {
  add(program, {
    usage: "train <file>",
    summary: "train on this machine what `weft run` of the same file would buy, to the same bits",
    options: [
      new Option("--out <dir>", "folder of checkpoint and model (default: the file's `output`)"),
      readOption(
        "--checkpoint-every <time>",
        "time between two checkpoints, such as 30s or 5m (default: the file's, else 5m)",
        {
          read: (text) => duration.safeParse(text).data,
          wanted: "Use a number and s, m, h or d, such as 5m.",
        },
      ),
      threads(),
      memory(),
      new Option("--fresh", "begin anew even where a checkpoint is"),
      new Option("--plan", "say what would be trained, what it needs and which n-grams it has to beat; train nothing"),
    ],
    notes:
      "The same command again goes on where the last one ended, also after a crash. Ctrl-C writes a checkpoint first.",
    examples: [
      "weft train examples/train-shakespeare.yaml",
      "weft train job.yaml --checkpoint-every 30s --threads 2",
      "weft train job.yaml --fresh --json",
      "weft train job.yaml --plan",
    ],
    run: async (context, [file], flags) => (await import("./commands/train.ts")).train(context, file as string, flags),
  });
}

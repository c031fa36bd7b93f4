// The commands of models on this machine: train.
import { duration } from "@weft/protocol/jobFields";
import { type Command, Option } from "commander";
import { type Add, count, readOption } from "./commandSpec.ts";

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

export function addModelCommands(program: Command, add: Add): void {
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
    ],
    notes:
      "The same command again goes on where the last one ended, also after a crash. Ctrl-C writes a checkpoint first.",
    examples: [
      "weft train examples/train-shakespeare.yaml",
      "weft train job.yaml --checkpoint-every 30s --threads 2",
      "weft train job.yaml --fresh --json",
    ],
    run: async (context, [file], flags) => (await import("./commands/train.ts")).train(context, file as string, flags),
  });
}

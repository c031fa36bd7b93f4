// GPUs as the vendor's own tool lists them: nvidia-smi, rocm-smi. No tool, no GPU; a tool that fails counts as none,
// with a note. Not here: other vendors, and whether the GPU works (a presence challenge does that).
import type { Gpu } from "@weft/compute/capability";

/** Standard output of a program; undefined when it isn't installed; throws when it fails or takes too long. */
export type RunTool = (name: string, args: readonly string[]) => Promise<string | undefined>;

const mib = 1024 ** 2;
const maxGpus = 256;

/** Rows of `name, memory.total` in MiB; MIG slices and broken cards ("[N/A]") are left out. */
export function parseNvidia(text: string): Gpu[] {
  return text
    .split("\n")
    .map((line) => /^\s*(\S.*?)\s*,\s*(\d+)\s*$/.exec(line.slice(0, 300)))
    .filter((match) => match !== null)
    .slice(0, maxGpus)
    .map(([, name, memory]) => ({ vendor: "nvidia", name: name as string, memoryBytes: Number(memory) * mib }));
}

/** JSON of `rocm-smi --showproductname --showmeminfo vram --json`: one object per card. */
export function parseAmd(text: string): Gpu[] {
  const cards = JSON.parse(text) as Record<string, Record<string, unknown>>;
  return Object.entries(cards)
    .filter(([key]) => /^card\d+$/.test(key))
    .slice(0, maxGpus)
    .map(([, card]) => ({
      vendor: "amd" as const,
      name: String(
        card["Card Series"] ?? card["Card series"] ?? card["Card Model"] ?? card["Card model"] ?? "AMD GPU",
      ).slice(0, 200),
      memoryBytes: Number(card["VRAM Total Memory (B)"] ?? Number.NaN),
    }))
    .filter(({ memoryBytes }) => Number.isSafeInteger(memoryBytes) && memoryBytes > 0);
}

const tools = [
  { name: "nvidia-smi", args: ["--query-gpu=name,memory.total", "--format=csv,noheader,nounits"], parse: parseNvidia },
  { name: "rocm-smi", args: ["--showproductname", "--showmeminfo", "vram", "--json"], parse: parseAmd },
];

export async function findGpus(run: RunTool): Promise<{ gpus: Gpu[]; notes: string[] }> {
  const gpus: Gpu[] = [];
  const notes: string[] = [];
  for (const { name, args, parse } of tools) {
    try {
      const text = await run(name, args);
      if (text !== undefined) gpus.push(...parse(text));
    } catch (error) {
      notes.push(`${name}: ${error instanceof Error ? error.message.slice(0, 200) : "failed"}`);
    }
  }
  return { gpus, notes };
}

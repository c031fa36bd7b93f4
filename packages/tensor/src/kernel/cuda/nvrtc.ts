// NVRTC, the CUDA compiler that is a library: source in, code for a GPU out. It needs no GPU itself.
import { existsSync, readdirSync } from "node:fs";
import { dirname, isAbsolute, join } from "node:path";
import { TensorError } from "../../TensorError.ts";
import { addressOf, cText, type Functions, openLibrary, outsideHeap, preload } from "./foreign.ts";

const SIGNATURES = {
  nvrtcVersion: ["void *", "void *"],
  nvrtcGetNumSupportedArchs: ["void *"],
  nvrtcGetSupportedArchs: ["void *"],
  // program, source, name, number of headers, headers, their names
  nvrtcCreateProgram: ["void *", "str", "str", "int", "uint64", "uint64"],
  nvrtcCompileProgram: ["uint64", "int", "void *"],
  nvrtcGetProgramLogSize: ["uint64", "void *"],
  nvrtcGetProgramLog: ["uint64", "void *"],
  nvrtcGetCUBINSize: ["uint64", "void *"],
  nvrtcGetCUBIN: ["uint64", "void *"],
  nvrtcGetPTXSize: ["uint64", "void *"],
  nvrtcGetPTX: ["uint64", "void *"],
  nvrtcDestroyProgram: ["void *"],
} as const;

export type Nvrtc = { readonly name: string; readonly functions: Functions<typeof SIGNATURES> };

/** Most bytes of a log or of compiled code. */
const MOST_BYTES = 64 * 2 ** 20;

function libraryNames(folders: readonly string[]): string[] {
  if (process.platform === "win32") return ["nvrtc64_130_0.dll", "nvrtc64_120_0.dll"];
  const files = ["libnvrtc.so.13", "libnvrtc.so.12", "libnvrtc.so"];
  return [...files, ...folders.flatMap((folder) => files.map((file) => join(folder, "lib64", file)))];
}

/** NVRTC asks the system for its second library by name, which finds it in a folder of its own only when it is loaded already. */
function preloadBuiltins(path: string): void {
  const folder = dirname(path);
  if (!isAbsolute(path) || !existsSync(folder)) return;
  for (const file of readdirSync(folder)) if (/^libnvrtc-builtins\.so/.test(file)) preload(join(folder, file));
}

/** NVRTC, if it is here. */
export function loadNvrtc(named: readonly string[], folders: readonly string[]): Nvrtc | undefined {
  for (const path of named) preloadBuiltins(path);
  const functions = openLibrary([...named, ...libraryNames(folders)], SIGNATURES);
  if (functions === undefined) return undefined;
  const [major, minor] = [new Int32Array(outsideHeap(4), 0, 1), new Int32Array(outsideHeap(4), 0, 1)];
  must("nvrtcVersion", functions.nvrtcVersion(major, minor));
  return { name: `NVRTC ${major[0]}.${minor[0]}`, functions };
}

function must(name: string, result: number): void {
  if (result !== 0)
    throw new TensorError("device-failed", `${name} failed (NVRTC ${result})`, "reinstall the CUDA toolkit");
}

/** The newest architecture that NVRTC knows up to that of the GPU. */
function supportedArch({ functions }: Nvrtc, arch: number): number {
  const count = new Int32Array(outsideHeap(4), 0, 1);
  must("nvrtcGetNumSupportedArchs", functions.nvrtcGetNumSupportedArchs(count));
  const known = new Int32Array(outsideHeap(4 * count[0]!), 0, count[0]!);
  must("nvrtcGetSupportedArchs", functions.nvrtcGetSupportedArchs(known));
  return known.filter((own) => own <= arch).reduce((most, own) => Math.max(most, own), 0);
}

/** An array of C strings; the parts must outlive its use. */
function stringArray(texts: readonly string[]): { readonly pointers: BigUint64Array; readonly parts: Uint8Array[] } {
  const parts = texts.map((text) => {
    const bytes = new TextEncoder().encode(text);
    const own = new Uint8Array(outsideHeap(bytes.length + 1));
    own.set(bytes);
    return own;
  });
  const pointers = new BigUint64Array(outsideHeap(8 * parts.length));
  parts.forEach((part, i) => {
    pointers[i] = addressOf(part);
  });
  return { pointers, parts };
}

type Sized = "ProgramLog" | "CUBIN" | "PTX";

function bytesOf({ functions }: Nvrtc, program: bigint, what: Sized): Uint8Array {
  const size = new BigUint64Array(outsideHeap(8), 0, 1);
  must(`nvrtcGet${what}Size`, functions[`nvrtcGet${what}Size`](program, size));
  if (size[0]! > MOST_BYTES) must(`nvrtcGet${what}Size of ${size[0]}`, -1);
  const bytes = new Uint8Array(outsideHeap(Number(size[0])), 0, Number(size[0]));
  must(`nvrtcGet${what}`, functions[`nvrtcGet${what}`](program, bytes));
  return bytes;
}

export type NvrtcOptions = { readonly arch: number; readonly options: readonly string[] };

/** Code for that compute capability: machine code, or PTX for a GPU newer than NVRTC. No code and a log for a bad source. */
export function compileByNvrtc(
  nvrtc: Nvrtc,
  source: string,
  { arch, options }: NvrtcOptions,
): { readonly code: Uint8Array | undefined; readonly log: string } {
  const { functions } = nvrtc;
  const own = supportedArch(nvrtc, arch);
  const exact = own === arch;
  const { pointers, parts } = stringArray([`--gpu-architecture=${exact ? "sm" : "compute"}_${own}`, ...options]);
  const program = new BigUint64Array(outsideHeap(8), 0, 1);
  must("nvrtcCreateProgram", functions.nvrtcCreateProgram(program, source, "weft.cu", 0, 0, 0));
  try {
    const result = functions.nvrtcCompileProgram(program[0], parts.length, pointers);
    const log = cText(bytesOf(nvrtc, program[0]!, "ProgramLog"));
    if (result !== 0) return { code: undefined, log };
    return { code: bytesOf(nvrtc, program[0]!, exact ? "CUBIN" : "PTX"), log };
  } finally {
    functions.nvrtcDestroyProgram(program);
  }
}

// The kernels' source as code for one GPU: by NVRTC where that library is, else by nvcc; kept in a folder under the hash of all that it
// depends on.
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { TensorError } from "../../TensorError.ts";
import { compileByNvrtc, loadNvrtc, type Nvrtc } from "./nvrtc.ts";

export type CompileOptions = {
  /** Names or paths of NVRTC to try first. */
  readonly nvrtc?: readonly string[];
  /** Path of nvcc, for where NVRTC is not; else the usual places. */
  readonly nvcc?: string;
  /** Folder for compiled code; absent, nothing is kept. It must be this user's own: what lies there is run. */
  readonly cache?: string;
};

/** Options of both compilers. The intrinsics in the source imply the first already; the others are the compilers' defaults. */
export const EXACT_OPTIONS = ["--fmad=false", "--ftz=false", "--prec-div=true", "--prec-sqrt=true"] as const;
const NVCC_TIMEOUT_MS = 300_000;
/** Where nvcc works when no cache is named. */
const SCRATCH = "/tmp";

type Compiler = { readonly name: string; compile(source: string, arch: number): Uint8Array };

/** Where toolkits are, beside the places that the system's loader knows. */
const TOOLKIT_FOLDERS = ["/usr/local/cuda", "/opt/cuda"];

/** nvcc in the toolkits' places, or by its name, which the system looks up. */
function findNvcc(named: string | undefined): string | undefined {
  const own = TOOLKIT_FOLDERS.map((path) => join(path, "bin", "nvcc")).find((path) => existsSync(path));
  const candidate = named ?? own ?? "nvcc";
  const { status } = spawnSync(candidate, ["--version"], { stdio: "ignore", timeout: NVCC_TIMEOUT_MS });
  return status === 0 ? candidate : undefined;
}

function compileFailed(compiler: string, log: string, cause?: unknown): TensorError {
  return new TensorError(
    "device-failed",
    `${compiler} does not compile the kernels: ${log.trim().slice(0, 2000)}`,
    "use a compiler that knows this GPU (CUDA 12 or newer)",
    cause,
  );
}

type Job = { readonly source: string; readonly arch: number; readonly scratch: string };

function compileByNvcc(nvcc: string, { source, arch, scratch }: Job): Uint8Array {
  const folder = mkdtempSync(join(scratch, "weft-cuda-"));
  try {
    const [from, to] = [join(folder, "weft.cu"), join(folder, "weft.cubin")];
    writeFileSync(from, source);
    const args = ["-cubin", `-arch=sm_${arch}`, ...EXACT_OPTIONS, "-o", to, from];
    const { status, stderr, error } = spawnSync(nvcc, args, { encoding: "utf8", timeout: NVCC_TIMEOUT_MS });
    if (status !== 0) throw compileFailed(nvcc, stderr || String(error), error);
    return readFileSync(to);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function nvrtcCompiler(nvrtc: Nvrtc): Compiler {
  return {
    name: nvrtc.name,
    compile(source, arch) {
      const { code, log } = compileByNvrtc(nvrtc, source, { arch, options: EXACT_OPTIONS });
      if (code === undefined) throw compileFailed(nvrtc.name, log);
      return code;
    },
  };
}

function nvccCompiler(nvcc: string, scratch: string): Compiler {
  const { stdout } = spawnSync(nvcc, ["--version"], { encoding: "utf8", timeout: NVCC_TIMEOUT_MS });
  return {
    name: `nvcc ${/release ([\d.]+)/.exec(stdout ?? "")?.[1] ?? ""}`.trim(),
    compile: (source, arch) => compileByNvcc(nvcc, { source, arch, scratch }),
  };
}

/** The compiler of this machine. Throws TensorError `no-device` when there is none. */
export function findCompiler(options: CompileOptions = {}): Compiler {
  const nvrtc = loadNvrtc(options.nvrtc ?? [], TOOLKIT_FOLDERS);
  if (nvrtc !== undefined) return nvrtcCompiler(nvrtc);
  const nvcc = findNvcc(options.nvcc);
  if (nvcc !== undefined) return nvccCompiler(nvcc, options.cache ?? SCRATCH);
  throw new TensorError(
    "no-device",
    "neither NVRTC nor nvcc is here to compile the kernels",
    "install the CUDA toolkit, or the nvidia-cuda-nvrtc package and name its library",
  );
}

/** Code for a GPU of that compute capability, and who compiled it. Throws TensorError `no-device` or `device-failed`. */
export function compileKernels(source: string, arch: number, options: CompileOptions = {}) {
  const { name, compile } = findCompiler(options);
  if (options.cache === undefined) return { compiler: name, code: compile(source, arch) };
  const key = createHash("sha256")
    .update(JSON.stringify([source, arch, name, EXACT_OPTIONS]))
    .digest("hex");
  const path = join(options.cache, `${key}.cubin`);
  if (existsSync(path)) return { compiler: name, code: readFileSync(path) };
  mkdirSync(options.cache, { recursive: true, mode: 0o700 });
  const code = compile(source, arch);
  // Whole or not at all, also when two processes compile at once.
  const partial = `${path}.${process.pid}`;
  writeFileSync(partial, code, { mode: 0o600 });
  renameSync(partial, path);
  return { compiler: name, code };
}

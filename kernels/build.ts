// Builds kernels/build/weft.wasm from kernels/assembly with the pinned AssemblyScript compiler. Run: node kernels/build.ts
// The output is a pure function of the sources and the compiler; build.test.ts rebuilds and compares bytes.
import { writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import asc from "assemblyscript/asc";

const flags = [
  "--outFile",
  "weft.wasm",
  "--runtime",
  "stub",
  "--noAssert",
  "--importMemory",
  "--sharedMemory",
  "--initialMemory",
  "1",
  "--maximumMemory",
  "65536",
  "--enable",
  "simd,threads",
  "-O3",
  "--noColors",
];

/** Compiles the kernels and returns the module's bytes. Throws with the compiler's text when it fails. */
export async function compileKernels(): Promise<Uint8Array> {
  let wasm: Uint8Array | undefined;
  const result = await asc.main(
    ["assembly/index.ts", "--baseDir", fileURLToPath(new URL(".", import.meta.url)), ...flags],
    {
      writeFile(name: string, contents: Uint8Array | string) {
        if (name.endsWith(".wasm") && typeof contents !== "string") wasm = contents;
      },
    },
  );
  if (result.error || !wasm) throw new Error(`kernels did not compile\n${result.stderr.toString()}`);
  return wasm;
}

export const kernelPath = fileURLToPath(new URL("build/weft.wasm", import.meta.url));

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const wasm = await compileKernels();
  writeFileSync(kernelPath, wasm);
  process.stdout.write(`${kernelPath}: ${wasm.length} bytes\n`);
}

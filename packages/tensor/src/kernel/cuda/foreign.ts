// Shared libraries of the machine called from JavaScript, by way of koffi (spec/decisions/0005-gpu-by-driver-api.md). Loaded only when a GPU is asked for.
import { createRequire } from "node:module";
import { TensorError } from "../../TensorError.ts";

/** What is used of koffi. */
type Koffi = {
  load(path: string): {
    func(name: string, result: string, parameters: readonly string[]): (...args: unknown[]) => unknown;
  };
  address(value: unknown): bigint;
};

/** A parameter of a C function: pointers are typed arrays, or numbers in uint64. */
export type CType = "int" | "uint32" | "uint64" | "void *" | "str";
export type Signatures = Readonly<Record<string, readonly CType[]>>;

/** Functions by name; each returns C's `int`. */
export type Functions<S extends Signatures> = { readonly [K in keyof S]: (...args: unknown[]) => number };

let loaded: Koffi | undefined;

function koffi(): Koffi {
  try {
    loaded ??= createRequire(import.meta.url)("koffi") as Koffi;
    return loaded;
  } catch (error) {
    throw new TensorError(
      "no-device",
      "the package koffi, which calls the GPU's driver, does not load here",
      "run npm install; on a platform that koffi has no binary for, use the processor",
      error,
    );
  }
}

/** The first library of the names that loads, or undefined. Throws TensorError `no-device` for one that lacks a function. */
export function openLibrary<S extends Signatures>(names: readonly string[], signatures: S): Functions<S> | undefined {
  for (const name of names) {
    let library: ReturnType<Koffi["load"]>;
    try {
      library = koffi().load(name);
    } catch (error) {
      if (error instanceof TensorError) throw error;
      continue;
    }
    try {
      const entries = Object.entries(signatures).map(([own, parameters]) => [
        own,
        library.func(own, "int", parameters),
      ]);
      return Object.fromEntries(entries) as Functions<S>;
    } catch (error) {
      throw new TensorError("no-device", `${name} is too old: ${(error as Error).message}`, "update it", error);
    }
  }
  return undefined;
}

/** Loads a library that another one will ask the system for by name; false when it does not load. */
export function preload(path: string): boolean {
  try {
    koffi().load(path);
    return true;
  } catch (error) {
    if (error instanceof TensorError) throw error;
    return false;
  }
}

/** Address of an array's elements. The array must own a buffer (not one of a few bytes inside the JavaScript heap). */
export function addressOf(array: ArrayBufferView): bigint {
  return koffi().address(array);
}

/** Zeroed memory that C may write to and keep pointers into. */
export function outsideHeap(bytes: number): ArrayBuffer {
  return new ArrayBuffer(Math.max(bytes, 128));
}

/** The text before the first zero byte. */
export function cText(bytes: Uint8Array): string {
  const end = bytes.indexOf(0);
  return new TextDecoder().decode(bytes.subarray(0, end < 0 ? bytes.length : end));
}

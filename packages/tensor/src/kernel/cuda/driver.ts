// The part of the CUDA driver API that the kernel set uses, as functions that throw. Handles and device addresses are bigints.
import { TensorError } from "../../TensorError.ts";
import { cText, type Functions, openLibrary, outsideHeap } from "./foreign.ts";

const SIGNATURES = {
  cuInit: ["uint32"],
  cuDriverGetVersion: ["void *"],
  cuDeviceGetCount: ["void *"],
  cuDeviceGet: ["void *", "int"],
  cuDeviceGetName: ["void *", "int", "int"],
  cuDeviceGetAttribute: ["void *", "int", "int"],
  cuDeviceTotalMem_v2: ["void *", "int"],
  cuDevicePrimaryCtxRetain: ["void *", "int"],
  cuDevicePrimaryCtxRelease_v2: ["int"],
  cuCtxSetCurrent: ["uint64"],
  cuMemAlloc_v2: ["void *", "uint64"],
  cuMemFree_v2: ["uint64"],
  cuMemcpyHtoD_v2: ["uint64", "void *", "uint64"],
  cuMemcpyDtoH_v2: ["void *", "uint64", "uint64"],
  cuMemsetD8_v2: ["uint64", "uint32", "uint64"],
  cuMemsetD32Async: ["uint64", "uint32", "uint64", "uint64"],
  cuModuleLoadData: ["void *", "void *"],
  cuModuleGetFunction: ["void *", "uint64", "str"],
  cuModuleUnload: ["uint64"],
  cuFuncSetAttribute: ["uint64", "int", "int"],
  cuStreamCreate: ["void *", "uint32"],
  cuStreamSynchronize: ["uint64"],
  cuStreamDestroy_v2: ["uint64"],
  // function, grid x y z, block x y z, shared bytes, stream, parameters, extra
  cuLaunchKernel: [
    "uint64",
    ...(["uint32", "uint32", "uint32", "uint32", "uint32", "uint32", "uint32"] as const),
    "uint64",
    "uint64",
    "uint64",
  ],
} as const;

export type Driver = Functions<typeof SIGNATURES>;
type DriverCall = keyof typeof SIGNATURES;

/** What a person can do about the results that people meet; numbers of CUresult. */
const RESULTS: Readonly<Record<number, readonly [name: string, remedy: string]>> = {
  2: ["out of memory", "use a smaller model or batch, or free the GPU"],
  3: ["not initialised", "restart the process: a process that forked cannot use the GPU"],
  34: ["a stub library", "install the GPU's driver; the toolkit's stub is no driver"],
  35: ["driver too old", "update the GPU's driver"],
  46: ["device busy or unavailable", "wait until the GPU is free, or take it out of exclusive mode"],
  100: ["no device", "check that nvidia-smi lists a GPU"],
  209: ["no code for this GPU", "use a compiler that knows this GPU"],
  218: ["invalid code", "delete the cache of compiled kernels"],
  222: ["code of a newer compiler", "update the GPU's driver, or use an older compiler"],
  700: ["illegal address in a kernel", "report this"],
  719: ["a kernel failed", "report this; check the GPU's health"],
  802: ["system not ready", "start the fabric manager of this machine"],
  803: ["driver and library differ", "restart the machine after the driver's update"],
};

/** Names of the driver's library by platform. */
export const DRIVER_NAMES = process.platform === "win32" ? ["nvcuda.dll"] : ["libcuda.so.1", "libcuda.so"];

/** Loads the driver. Throws TensorError `no-device`. */
export function loadDriver(names: readonly string[] = DRIVER_NAMES): Driver {
  const driver = openLibrary(names, SIGNATURES);
  if (driver !== undefined) return driver;
  throw new TensorError(
    "no-device",
    `there is no CUDA driver here (${names})`,
    "install the GPU's driver, or use the processor",
  );
}

/** Calls the driver. Throws TensorError `device-failed`, or `over-memory` when the GPU has no more. */
export function cuda(driver: Driver, name: DriverCall, ...args: unknown[]): void {
  const result = driver[name](...args);
  if (result === 0) return;
  const [what, remedy] = RESULTS[result] ?? ["an error", "look the number up in the CUDA driver's documentation"];
  const code = result === 2 ? "over-memory" : result === 100 ? "no-device" : "device-failed";
  throw new TensorError(code, `${name}: ${what} (CUDA ${result})`, remedy);
}

/** Calls the driver for the number that it writes through its first parameter. */
export function cudaNumber(driver: Driver, name: DriverCall, ...args: unknown[]): number {
  const out = new Int32Array(outsideHeap(4), 0, 1);
  cuda(driver, name, out, ...args);
  return out[0]!;
}

/** The same for a handle, an address or a size. */
export function cudaHandle(driver: Driver, name: DriverCall, ...args: unknown[]): bigint {
  const out = new BigUint64Array(outsideHeap(8), 0, 1);
  cuda(driver, name, out, ...args);
  return out[0]!;
}

export function deviceName(driver: Driver, device: number): string {
  const bytes = new Uint8Array(outsideHeap(256));
  cuda(driver, "cuDeviceGetName", bytes, bytes.length, device);
  return cText(bytes);
}

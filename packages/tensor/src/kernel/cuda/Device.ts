// A GPU that is open: its driver's context, and what the rest must know of it.
import { TensorError } from "../../TensorError.ts";
import { cuda, cudaHandle, cudaNumber, type Driver, deviceName, loadDriver } from "./driver.ts";
import type { DeviceShape } from "./encode/Launch.ts";

/** Numbers of CUdevice_attribute. */
const ATTRIBUTE = { multiprocessors: 16, major: 75, minor: 76, sharedBytes: 97 } as const;
/** Compute capability 7.5: the oldest that current compilers know. */
const LEAST_ARCH = 75;

export type DeviceOptions = {
  /** Which GPU, from 0. */
  readonly device?: number;
  /** Names or paths of the driver's library to try, instead of the platform's. */
  readonly driver?: readonly string[];
};

export type Device = DeviceShape & {
  readonly driver: Driver;
  readonly name: string;
  /** Compute capability as one number: 90 for 9.0. */
  readonly arch: number;
  readonly memoryBytes: number;
  /** "13.0": the newest CUDA that the driver runs. */
  readonly driverVersion: string;
  /** Makes the device's context the calling thread's. */
  enter(): void;
  close(): void;
};

function chooseDevice(driver: Driver, wanted: number): number {
  cuda(driver, "cuInit", 0);
  const count = cudaNumber(driver, "cuDeviceGetCount");
  if (!(Number.isInteger(wanted) && wanted >= 0 && wanted < count))
    throw new TensorError(
      "no-device",
      `there is no GPU ${wanted}: this machine has ${count}`,
      count === 0 ? "use the processor" : `use a number from 0 to ${count - 1}`,
    );
  return cudaNumber(driver, "cuDeviceGet", wanted);
}

/** Opens a GPU. Throws TensorError `no-device` or `device-failed`. */
export function openDevice(options: DeviceOptions = {}): Device {
  const driver = loadDriver(options.driver);
  const device = chooseDevice(driver, options.device ?? 0);
  const attribute = (number: number) => cudaNumber(driver, "cuDeviceGetAttribute", number, device);
  const name = deviceName(driver, device);
  const arch = 10 * attribute(ATTRIBUTE.major) + attribute(ATTRIBUTE.minor);
  if (arch < LEAST_ARCH)
    throw new TensorError("no-device", `${name} has compute capability ${arch / 10}`, "use a GPU of 7.5 or newer");
  const version = cudaNumber(driver, "cuDriverGetVersion");
  const context = cudaHandle(driver, "cuDevicePrimaryCtxRetain", device);
  cuda(driver, "cuCtxSetCurrent", context);
  let open = true;
  return {
    driver,
    name,
    arch,
    memoryBytes: Number(cudaHandle(driver, "cuDeviceTotalMem_v2", device)),
    driverVersion: `${Math.floor(version / 1000)}.${Math.floor((version % 1000) / 10)}`,
    multiprocessors: attribute(ATTRIBUTE.multiprocessors),
    sharedBytes: attribute(ATTRIBUTE.sharedBytes),
    enter: () => cuda(driver, "cuCtxSetCurrent", context),
    close() {
      if (open) cuda(driver, "cuDevicePrimaryCtxRelease_v2", device);
      open = false;
    },
  };
}

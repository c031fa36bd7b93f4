// The kernel set on a CUDA device: one piece of device memory, kernels compiled when the set opens, a plan as a list of launches on one
// stream. Launches of a stream run one after the other, so no barriers are needed between calls.
import { DTYPE_BYTES, elementCount } from "../../graph/Graph.ts";
import { TensorError } from "../../TensorError.ts";
import { indexFailure } from "../indexFailure.ts";
import type { KernelSet, Plan } from "../KernelSet.ts";
import { needPlain, type Range, rangeOf, refuseCall, type View } from "../View.ts";
import { type CompileOptions, compileKernels } from "./compile.ts";
import { type Device, type DeviceOptions, openDevice } from "./Device.ts";
import { cuda, cudaHandle } from "./driver.ts";
import { type EncodedLaunch, encodeLaunches } from "./encode/encodeLaunches.ts";
import { KERNELS, type KernelName } from "./encode/Launch.ts";
import { addressOf, outsideHeap } from "./foreign.ts";
import { selfTest, selfTestBytes } from "./selfTest.ts";
import { kernelSource } from "./sources.ts";

export type CudaOptions = DeviceOptions & CompileOptions;

const ALIGN = 64;
/** The first word of memory: number of the first call that met a bad index, or none. */
const FAILURE_BYTES = ALIGN;
const NO_FAILURE = 0xffffffff;
/** CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES. */
const MOST_SHARED = 8;

type Board = {
  readonly device: Device;
  readonly functions: ReadonlyMap<KernelName, bigint>;
  readonly module: bigint;
  readonly stream: bigint;
  /** Device address of the set's memory, and its bytes. */
  readonly memory: bigint;
  readonly bytes: number;
  /** Values of a kernel's two parameters, and where the driver reads their addresses. */
  readonly parameters: BigUint64Array;
  readonly parameterList: bigint;
  /** Words of the plans that are not released. */
  readonly plans: Set<bigint>;
};

type CudaPlan = Plan & {
  readonly launches: readonly EncodedLaunch[];
  readonly words: bigint;
  readonly at: readonly number[];
};

function loadFunctions({ driver, sharedBytes }: Device, module: bigint): Map<KernelName, bigint> {
  const functions = new Map(KERNELS.map((name) => [name, cudaHandle(driver, "cuModuleGetFunction", module, name)]));
  for (const name of ["weftChain", "weftChainRows", "weftAttend"] as const)
    cuda(driver, "cuFuncSetAttribute", functions.get(name)!, MOST_SHARED, sharedBytes);
  return functions;
}

/** Everything on the device that a set needs; what was made is given back when a part fails. */
function setUp(device: Device, code: Uint8Array, bytes: number): Board {
  const { driver } = device;
  const undo: (() => void)[] = [];
  try {
    const module = cudaHandle(driver, "cuModuleLoadData", code);
    undo.push(() => cuda(driver, "cuModuleUnload", module));
    const functions = loadFunctions(device, module);
    // Flags 0: copies by the default stream wait for this one, and it for them.
    const stream = cudaHandle(driver, "cuStreamCreate", 0);
    undo.push(() => cuda(driver, "cuStreamDestroy_v2", stream));
    const memory = cudaHandle(driver, "cuMemAlloc_v2", bytes);
    undo.push(() => cuda(driver, "cuMemFree_v2", memory));
    cuda(driver, "cuMemsetD8_v2", memory, 0, bytes);
    const parameters = new BigUint64Array(outsideHeap(32));
    const first = addressOf(parameters);
    parameters.set([memory, 0n, first, first + 8n]);
    const parameterList = first + 16n;
    return { device, functions, module, stream, memory, bytes, parameters, parameterList, plans: new Set() };
  } catch (error) {
    for (const act of undo.reverse()) act();
    throw error;
  }
}

function tearDown({ device, module, stream, memory, plans }: Board): void {
  device.enter();
  for (const words of plans) cuda(device.driver, "cuMemFree_v2", words);
  plans.clear();
  cuda(device.driver, "cuStreamDestroy_v2", stream);
  cuda(device.driver, "cuMemFree_v2", memory);
  cuda(device.driver, "cuModuleUnload", module);
}

/** The array's bytes, checked against the view that it is copied to or from; koffi takes no shared memory. */
function bytesFor(view: View, elements: ArrayBufferView): Uint8Array {
  needPlain("a view that the host reads or writes", view);
  const bytes = elementCount(view.shape) * DTYPE_BYTES[view.dtype];
  if (elements.byteLength !== bytes) refuseCall(`${elements.byteLength} bytes for a view of ${bytes}`);
  return new Uint8Array(elements.buffer, elements.byteOffset, bytes);
}

const isShared = ({ buffer }: Uint8Array): boolean => buffer instanceof SharedArrayBuffer;

function deviceAddress({ memory, bytes }: Board, view: View): bigint {
  const [from, to] = rangeOf(view);
  if (from < FAILURE_BYTES || to > bytes) refuseCall(`bytes ${from} to ${to} are outside the set's memory`);
  return memory + BigInt(from);
}

function readBytes(board: Board, view: View, into: Uint8Array): void {
  const own = isShared(into) ? new Uint8Array(into.length) : into;
  cuda(board.device.driver, "cuMemcpyDtoH_v2", own, deviceAddress(board, view), own.length);
  if (own !== into) into.set(own);
}

/** The words of all launches, each command's number first, and where each begins. */
function planWords(launches: readonly EncodedLaunch[]): { words: Uint32Array; at: number[] } {
  const at: number[] = [];
  const words: number[] = [];
  for (const { call, words: own } of launches) {
    at.push(words.length * 4);
    words.push(call, ...own);
  }
  return { words: Uint32Array.from(words), at };
}

function upload({ device, bytes, plans }: Board, calls: Plan["calls"]): CudaPlan {
  const bounds: Range = [FAILURE_BYTES, bytes];
  const launches = encodeLaunches(calls, device, bounds);
  const { words, at } = planWords(launches);
  const size = Math.max(words.byteLength, 4);
  const place = cudaHandle(device.driver, "cuMemAlloc_v2", size);
  if (words.length > 0) cuda(device.driver, "cuMemcpyHtoD_v2", place, words, words.byteLength);
  plans.add(place);
  const release = () => {
    if (!plans.delete(place)) return;
    device.enter();
    cuda(device.driver, "cuMemFree_v2", place);
  };
  return { calls, launches, words: place, at, release };
}

function runPlan(board: Board, { launches, words, at }: CudaPlan): void {
  const { device, functions, stream, memory, parameters, parameterList } = board;
  const { driver } = device;
  cuda(driver, "cuMemsetD32Async", memory, NO_FAILURE, 1, stream);
  launches.forEach(({ kernel, blocks: [x, y], threads, shared }, i) => {
    parameters[1] = words + BigInt(at[i]!);
    const own = functions.get(kernel)!;
    cuda(driver, "cuLaunchKernel", own, x, y, 1, threads, 1, 1, shared, stream, parameterList, 0);
  });
  cuda(driver, "cuStreamSynchronize", stream);
}

/** Throws when a call of the plan that has just run met a bad index. */
function checkFailure(board: Board, plan: Plan): void {
  const failed = new Uint32Array(outsideHeap(4), 0, 1);
  cuda(board.device.driver, "cuMemcpyDtoH_v2", failed, board.memory, 4);
  if (failed[0] === NO_FAILURE) return;
  throw indexFailure(plan.calls[failed[0]!]!, (view) => {
    const bytes = new Uint8Array(elementCount(view.shape) * DTYPE_BYTES[view.dtype]);
    readBytes(board, view, bytes);
    return bytes;
  });
}

function setOf(board: Board, name: string): KernelSet {
  const { device, bytes } = board;
  let next = FAILURE_BYTES;
  let closed = false;
  const enter = () => {
    if (closed) throw new TensorError("closed", "this kernel set is closed", "use one that is open");
    device.enter();
  };
  return {
    name,
    reserve(size) {
      const at = next;
      const after = at + Math.ceil(size / ALIGN) * ALIGN;
      if (!(size >= 0) || after > bytes)
        throw new TensorError(
          "bad-option",
          `${size} bytes more than the ${bytes - next} that are left of the kernels' ${bytes - FAILURE_BYTES}`,
          "reserve a larger memory",
        );
      next = after;
      return at;
    },
    write(view, elements) {
      enter();
      const from = bytesFor(view, elements);
      const own = isShared(from) ? from.slice() : from;
      cuda(device.driver, "cuMemcpyHtoD_v2", deviceAddress(board, view), own, own.length);
    },
    read(view, into) {
      enter();
      readBytes(board, view, bytesFor(view, into));
    },
    compile(calls) {
      enter();
      return upload(board, calls);
    },
    run(plan) {
      enter();
      runPlan(board, plan as CudaPlan);
      checkFailure(board, plan);
    },
    async close() {
      if (closed) return;
      closed = true;
      tearDown(board);
      device.close();
    },
  };
}

/** The self-test, in memory that goes back. */
function testDevice(device: Device, code: Uint8Array): void {
  const board = setUp(device, code, FAILURE_BYTES + selfTestBytes());
  try {
    selfTest(setOf(board, device.name));
  } finally {
    tearDown(board);
  }
}

/**
 * A kernel set on a GPU with memory of its own for `bytes` of tensors. Compiles the kernels, and refuses a device whose bits differ from
 * the reference's in a short test. Throws TensorError `no-device` (no driver, GPU or compiler), `over-memory`, `device-failed`.
 */
export async function createCudaKernels(bytes: number, options: CudaOptions = {}): Promise<KernelSet> {
  const device = openDevice(options);
  try {
    const { code, compiler } = compileKernels(kernelSource(), device.arch, options);
    testDevice(device, code);
    const board = setUp(device, code, FAILURE_BYTES + Math.ceil(bytes / ALIGN) * ALIGN);
    return setOf(board, `cuda, ${device.name} (sm_${device.arch}), driver ${device.driverVersion}, ${compiler}`);
  } catch (error) {
    device.close();
    throw error;
  }
}

// The memory that kernel sets work in: one shared WebAssembly memory, handed out from the bottom and never taken back. The first
// page is the module's, then a page of control blocks (one per team), then the hash tables.
import { TensorError } from "../TensorError.ts";
import { kernelCode } from "./kernelCode.ts";
import { instantiate } from "./module.ts";
import type { Range } from "./View.ts";

const PAGE_BYTES = 65_536;
/** WebAssembly's own limit, less a page so that no address wraps. */
const MAX_PAGES = 65_535;
const ALIGN = 64;
const CONTROL_BYTES = 64;
const FIRST_CONTROL = PAGE_BYTES;
const FIRST_TABLE = 2 * PAGE_BYTES;
/** Loops read up to 60 bytes past their last element. */
const SLACK = 64;

/** An arena as data that can be posted to another thread: memory, and the part of it that is still to hand out. */
export type ArenaPart = {
  readonly memory: WebAssembly.Memory;
  /** Address of the hash tables. */
  readonly tables: number;
  /** What calls may touch: all tensors of the memory, whoever reserved them. */
  readonly bounds: Range;
  readonly room: Range;
  readonly controls: Range;
};

export type Arena = Pick<ArenaPart, "memory" | "tables" | "bounds"> & {
  /** Zeroed bytes, aligned to 64. Throws TensorError `bad-option` when the memory is used up. */
  reserve(bytes: number): number;
  /** Address of a control block of its own, for a team. */
  reserveControl(): number;
  /** Sets `bytes` and a control block apart for an arena in another thread (`arenaOf`), over the same memory. */
  part(bytes: number): ArenaPart;
};

/** Memory for `bytes` of reservations. Throws TensorError `bad-option` above what 32-bit addresses reach. */
export function createArena(bytes: number): Arena {
  const memoryBytes = FIRST_TABLE + tableBytes() + bytes + SLACK;
  const pages = Math.ceil(memoryBytes / PAGE_BYTES);
  if (!(pages <= MAX_PAGES))
    throw new TensorError(
      "bad-option",
      `the program needs ${bytes} bytes of tensors and the kernels address ${MAX_PAGES * PAGE_BYTES}`,
      "use a smaller model, batch or context",
    );
  const memory = new WebAssembly.Memory({ initial: pages, maximum: pages, shared: true });
  instantiate(kernelCode().module, memory).fillHashTables(FIRST_TABLE);
  const bounds: Range = [FIRST_TABLE + tableBytes(), pages * PAGE_BYTES - SLACK];
  return arenaOf({ memory, tables: FIRST_TABLE, bounds, room: bounds, controls: [FIRST_CONTROL, FIRST_TABLE] });
}

/** The arena of a part. A part is handed out by one arena only. */
export function arenaOf({ memory, tables, bounds, room, controls }: ArenaPart): Arena {
  let next = room[0];
  let control = controls[0];
  const reserve = (size: number): number => {
    const at = next;
    const after = at + Math.ceil(size / ALIGN) * ALIGN;
    if (!(size >= 0) || after > room[1])
      throw new TensorError(
        "bad-option",
        `${size} bytes more than the ${room[1] - next} that are left of the kernels' ${room[1] - room[0]}`,
        "reserve a larger memory",
      );
    next = after;
    return at;
  };
  const reserveControl = (): number => {
    if (control + CONTROL_BYTES > controls[1])
      throw new TensorError("bad-option", "too many teams on one memory", "close some, or use a memory of their own");
    control += CONTROL_BYTES;
    return control - CONTROL_BYTES;
  };
  const part = (bytes: number): ArenaPart => {
    const [at, block] = [reserve(bytes), reserveControl()];
    return { memory, tables, bounds, room: [at, at + bytes], controls: [block, block + CONTROL_BYTES] };
  };
  return { memory, tables, bounds, reserve, reserveControl, part };
}

let measured: number | undefined;

/** Bytes of the hash tables, as the module says. */
function tableBytes(): number {
  measured ??= instantiate(kernelCode().module, smallestMemory()).hashTableBytes();
  return measured;
}

function smallestMemory(): WebAssembly.Memory {
  return new WebAssembly.Memory({ initial: 1, maximum: 1, shared: true });
}

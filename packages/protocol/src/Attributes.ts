// Packed capacity attributes: eight uint16 in a uint128.
//
//   bits 127..112  flags | 111..96 netMbps/10 | 95..80 gpuMemoryGiB | 79..64 gpuCount
//   bits  63..48   fp32Gflops | 47..32 diskGiB | 31..16 memoryGiB | 15..0 cpuThreads
//
// An offer satisfies a requirement when each of the first seven is at least as large and every required flag is set.
// contracts/src/libraries/Attributes.sol mirrors this.
import { WeftError } from "./Errors.ts";

export const fields = [
  "cpuThreads",
  "memoryGiB",
  "diskGiB",
  "fp32Gflops",
  "gpuCount",
  "gpuMemoryGiB",
  "netMbpsTenth",
  "flags",
] as const;

export type Attributes = Record<(typeof fields)[number], number>;

/** Flag bits. `sharedHost`: the owner says that other nodes run on the same machine. */
export const flags = { sharedHost: 1 } as const;

export const none: Attributes = {
  cpuThreads: 0,
  memoryGiB: 0,
  diskGiB: 0,
  fp32Gflops: 0,
  gpuCount: 0,
  gpuMemoryGiB: 0,
  netMbpsTenth: 0,
  flags: 0,
};

/** @throws WeftError `attributes.range` when a field is not an integer in 0..65535. */
export function pack(attributes: Attributes): bigint {
  let packed = 0n;
  for (const [index, field] of fields.entries()) {
    const value = attributes[field];
    if (!Number.isInteger(value) || value < 0 || value > 0xffff)
      throw new WeftError(`attribute ${field} is ${value}`, {
        code: "attributes.range",
        remedy: "use an integer between 0 and 65535",
      });
    packed |= BigInt(value) << BigInt(16 * index);
  }
  return packed;
}

export function unpack(packed: bigint): Attributes {
  const attributes = { ...none };
  for (const [index, field] of fields.entries()) attributes[field] = Number((packed >> BigInt(16 * index)) & 0xffffn);
  return attributes;
}

/** Names of the fields in which `offered` falls short of `required`; empty when it satisfies it. */
export function shortfalls(offered: bigint, required: bigint): string[] {
  const have = unpack(offered);
  const need = unpack(required);
  return fields.filter((field) =>
    field === "flags" ? (have.flags & need.flags) !== need.flags : have[field] < need[field],
  );
}

// A hardware class is a short ASCII label held in bytes8: "cpu", "gpu-h100".
import { type Hex, hexToBytes, stringToHex } from "viem";
import { WeftError } from "./Errors.ts";

/** @throws WeftError `class.malformed` for anything but 1–8 characters of a–z, 0–9 and dash. */
export function toBytes8(label: string): Hex {
  if (!/^[a-z0-9-]{1,8}$/.test(label))
    throw new WeftError(`hardware class "${label}" is not valid`, {
      code: "class.malformed",
      remedy: "use 1 to 8 characters of a-z, 0-9 and dash, such as cpu",
    });
  return stringToHex(label, { size: 8 });
}

export function fromBytes8(value: Hex): string {
  const bytes = hexToBytes(value);
  const end = bytes.indexOf(0);
  return new TextDecoder().decode(end < 0 ? bytes : bytes.subarray(0, end));
}

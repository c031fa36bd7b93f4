// The mechanisms of the network by the number an order names.
import { WeftError } from "@weft/protocol/Errors";
import type { Mechanism } from "./Mechanism.ts";
import { postedPrice } from "./postedPrice.ts";
import { reverseAuction } from "./reverseAuction.ts";

const mechanisms: readonly Mechanism[] = [postedPrice, reverseAuction];

/** @throws WeftError `mechanism.unknown` */
export function mechanismOf(code: bigint): Mechanism {
  const found = mechanisms.find((mechanism) => mechanism.code === code);
  if (found !== undefined) return found;
  throw new WeftError(`mechanism ${code} is not known`, {
    code: "mechanism.unknown",
    remedy: `use one of ${mechanisms.map(({ name, code: number }) => `${number} (${name})`).join(", ")}`,
  });
}

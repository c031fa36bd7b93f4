// Bodies of rows: JSON with bigints as {"$n": "decimal"}; bounded, because a row is read whole.
import { WeftError } from "@weft/protocol/Errors";

/** Longest body; a job's details with its program stay well below. */
export const maxBodyChars = 1_048_576;

/** @throws WeftError `store.oversize` */
export function toBody(value: unknown): string {
  const text = JSON.stringify(value, (_key, item) => (typeof item === "bigint" ? { $n: item.toString() } : item));
  if (text === undefined || text.length > maxBodyChars)
    throw new WeftError(`a record of ${text?.length ?? 0} characters can't be stored`, {
      code: "store.oversize",
      fault: "us",
      details: { limit: maxBodyChars },
    });
  return text;
}

export function fromBody(text: unknown): unknown {
  return JSON.parse(String(text), (_key, item) =>
    typeof item === "object" && item !== null && Object.keys(item).join() === "$n" ? BigInt(item.$n) : item,
  );
}

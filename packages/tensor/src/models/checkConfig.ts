// Checks of configurations that come from outside: exact fields, integers within limits.
import { show } from "../graph/fields.ts";
import { TensorError } from "../TensorError.ts";

export type IntegerLimits = Readonly<Record<string, readonly [low: number, high: number]>>;

/** Throws TensorError `bad-model`. */
export function refuseModel(problem: string, remedy: string): never {
  throw new TensorError("bad-model", problem, remedy);
}

/** An object with exactly the fields of `limits`, within them, and `others`, which the caller checks. */
export function checkConfig(
  name: string,
  value: unknown,
  { limits, others }: { limits: IntegerLimits; others: readonly string[] },
): Record<string, unknown> {
  const wanted = [...Object.keys(limits), ...others].sort().join(",");
  if (typeof value !== "object" || value === null || Object.keys(value).sort().join(",") !== wanted)
    refuseModel(`the ${name} has other fields than it should`, `exactly these belong there: ${wanted}`);
  const record = value as Record<string, unknown>;
  for (const [field, [low, high]] of Object.entries(limits)) {
    const found = record[field];
    if (!Number.isInteger(found) || Object.is(found, -0) || Number(found) < low || Number(found) > high)
      refuseModel(`${name} ${field} is ${show(found)}`, `use an integer from ${low} to ${high}`);
  }
  return record;
}

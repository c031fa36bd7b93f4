// A tensor under its name in a file.
import type { TensorValue } from "../graph/TensorValue.ts";

export type NamedValue = TensorValue & { readonly name: string };

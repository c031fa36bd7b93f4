// A value with its elements: dtype, shape, and a contiguous row-major array. What evaluation takes and gives.
import { TensorError } from "../TensorError.ts";
import { type Dtype, describeType, elementCount, type Shape, sameType, type ValueType } from "./Graph.ts";

type Arrays = { f32: Float32Array; i32: Int32Array; i8: Int8Array };
export type TensorOf<D extends Dtype> = { readonly dtype: D; readonly shape: Shape; readonly data: Arrays[D] };
/** `data.length` is the product of the shape. */
export type TensorValue = { [D in Dtype]: TensorOf<D> }[Dtype];

const ARRAYS = { f32: Float32Array, i32: Int32Array, i8: Int8Array } as const;

/** A tensor of zeros. */
export function createTensor({ dtype, shape }: ValueType): TensorValue {
  return { dtype, shape, data: new ARRAYS[dtype](elementCount(shape)) } as TensorValue;
}

/** A tensor of the given elements, in row-major order. Throws TensorError `bad-tensor` when the count is wrong. */
export function tensorFrom<D extends Dtype>(dtype: D, shape: Shape, elements: Iterable<number>): TensorOf<D> {
  const data = new ARRAYS[dtype](elements) as Arrays[D];
  if (data.length !== elementCount(shape))
    throw new TensorError(
      "bad-tensor",
      `${data.length} elements for ${describeType({ dtype, shape })}`,
      `pass ${elementCount(shape)} elements`,
    );
  return { dtype, shape, data };
}

/** Checks a tensor against the type it must have. Throws TensorError `bad-tensor` naming `name`. */
export function checkTensor(name: string, value: TensorValue | undefined, type: ValueType): TensorValue {
  if (value === undefined)
    throw new TensorError("bad-tensor", `${name} is missing`, `pass a tensor ${describeType(type)}`);
  const fits = sameType(value, type) && value.data instanceof ARRAYS[type.dtype];
  if (!fits || value.data.length !== elementCount(type.shape))
    throw new TensorError(
      "bad-tensor",
      `${name} is ${describeType(value)} with ${value.data.length} elements, not ${describeType(type)}`,
      "pass a tensor of that dtype and shape",
    );
  return value;
}

/** The elements as unsigned words (bytes for i8): copying these changes no bit, not even of a NaN. */
export function bitsView({ data }: TensorValue): Uint32Array | Uint8Array {
  const { buffer, byteOffset, length } = data;
  return data.BYTES_PER_ELEMENT === 1
    ? new Uint8Array(buffer, byteOffset, length)
    : new Uint32Array(buffer, byteOffset, length);
}

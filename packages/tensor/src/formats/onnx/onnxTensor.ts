// TensorProto to known values and back. Elements come as raw little-endian bytes or as lists of numbers; either way there
// must be exactly as many as the dimensions say.
import type { Shape } from "../../graph/Graph.ts";
import { bitsView, type TensorValue } from "../../graph/TensorValue.ts";
import { readFloats, writeWords } from "../ByteReader.ts";
import type { Known } from "./Imported.ts";
import { DATA_TYPES, type Message, type MessageToWrite } from "./messages.ts";
import { refuseOnnx, unsupportedOnnx } from "./refuseOnnx.ts";

type Stored = {
  /** Bytes of one raw element. */
  readonly bytes: number;
  readonly raw: (view: DataView, at: number) => number;
  readonly list: (tensor: Message<"Tensor">) => readonly number[];
};

const INTEGERS: Readonly<Record<number, Stored>> = {
  [DATA_TYPES.UINT8]: { bytes: 1, raw: (view, at) => view.getUint8(at), list: ({ int32Data }) => int32Data },
  [DATA_TYPES.INT8]: { bytes: 1, raw: (view, at) => view.getInt8(at), list: ({ int32Data }) => int32Data },
  [DATA_TYPES.BOOL]: {
    bytes: 1,
    raw: (view, at) => Number(view.getUint8(at) !== 0),
    list: ({ int32Data }) => int32Data,
  },
  [DATA_TYPES.INT32]: { bytes: 4, raw: (view, at) => view.getInt32(at, true), list: ({ int32Data }) => int32Data },
  [DATA_TYPES.INT64]: {
    bytes: 8,
    raw: (view, at) => Number(view.getBigInt64(at, true)),
    list: ({ int64Data }) => int64Data,
  },
};
const FLOAT_BYTES = 4;
/** Largest dimension product that is looked at: bytes at hand bound it anyway. */
const MOST_ELEMENTS = 2 ** 40;

/** Throws TensorError `bad-onnx`, or `unsupported-onnx` for a type or place of data that is not read. */
export function readTensor(tensor: Message<"Tensor"> | undefined, what: string): Known {
  if (tensor === undefined) return refuseOnnx(`${what} has no tensor`, "give it one");
  const { dims, dataType, rawData, dataLocation } = tensor;
  if (dataLocation !== undefined && dataLocation !== 0)
    unsupportedOnnx(`the data of ${what} is in another file`, "save the model as one file");
  const count = dims.reduce((product, size) => product * size, 1);
  if (dims.length > 16 || dims.some((size) => !Number.isInteger(size) || size < 0) || count > MOST_ELEMENTS)
    refuseOnnx(`${what} has the dimensions [${dims.slice(0, 16)}]`, "use sizes from 0 on");
  if (dataType === DATA_TYPES.FLOAT)
    return { kind: "known", dtype: "f32", dims, values: readReals(tensor, { count, what }) };
  const stored = INTEGERS[dataType ?? 0];
  if (stored === undefined)
    return unsupportedOnnx(`${what} is of data type ${dataType}`, "use float, int64, int32, int8, uint8 or bool");
  needCount(what, count, rawData === undefined ? stored.list(tensor).length : rawData.length / stored.bytes);
  const values = rawData === undefined ? Float64Array.from(stored.list(tensor)) : new Float64Array(count);
  if (rawData !== undefined) {
    const view = new DataView(rawData.buffer, rawData.byteOffset, rawData.length);
    for (let i = 0; i < count; i++) values[i] = stored.raw(view, i * stored.bytes);
  }
  return { kind: "known", dtype: "int", dims, values };
}

function readReals(tensor: Message<"Tensor">, { count, what }: { count: number; what: string }): Float32Array {
  const { rawData, floatData } = tensor;
  needCount(what, count, rawData === undefined ? floatData.length : rawData.length / FLOAT_BYTES);
  return rawData === undefined ? Float32Array.from(floatData) : readFloats(rawData);
}

function needCount(what: string, count: number, found: number): void {
  if (found !== count)
    refuseOnnx(`${what} has dimensions for ${count} elements and data for ${found}`, "pass a complete ONNX file");
}

const WRITTEN = { f32: DATA_TYPES.FLOAT, i32: DATA_TYPES.INT32, i8: DATA_TYPES.INT8 } as const;

/** The number of an element type in ONNX. */
export function dataTypeOf(dtype: TensorValue["dtype"]): number {
  return WRITTEN[dtype];
}

/** A tensor with raw data; every bit is kept. */
export function writeTensor(name: string, value: TensorValue): MessageToWrite<"Tensor"> {
  const bits = bitsView(value);
  const rawData = new Uint8Array(bits.byteLength);
  if (bits instanceof Uint8Array) rawData.set(bits);
  else writeWords(bits, rawData, 0);
  return { name, dims: value.shape, dataType: dataTypeOf(value.dtype), rawData };
}

/** An int64 tensor, as shapes and axes are given. */
export function writeIntegers(
  name: string,
  values: readonly number[],
  dims: Shape = [values.length],
): MessageToWrite<"Tensor"> {
  const rawData = new Uint8Array(8 * values.length);
  const view = new DataView(rawData.buffer);
  values.forEach((value, i) => {
    view.setBigInt64(8 * i, BigInt(value), true);
  });
  return { name, dims, dataType: DATA_TYPES.INT64, rawData };
}

// ONNX messages from bytes and to bytes, by the tables of messages.ts. The wire format is @bufbuild/protobuf's; what is
// here is the walk over declared fields with a limit on how many messages and list entries a file may make us hold.
import { BinaryReader, BinaryWriter, WireType } from "@bufbuild/protobuf/wire";
import { TensorError } from "../../TensorError.ts";
import { MESSAGES, type Message, type MessageName, type MessageToWrite, type ScalarKind } from "./messages.ts";
import { refuseOnnx } from "./refuseOnnx.ts";

/** Most messages of a file: nodes, attributes, tensors, dimensions together. An empty one costs two bytes in the file. */
export const MAX_MESSAGES = 500_000;

type Field = { readonly number: number; readonly kind: string; readonly many: boolean };

/** Fields by number, so that a tag is found at once. */
const BY_NUMBER = Object.fromEntries(
  Object.entries(MESSAGES).map(([name, fields]) => [
    name,
    new Map(Object.entries(fields).map(([key, field]) => [field.number, { key, ...(field as Field) }])),
  ]),
) as unknown as Record<MessageName, ReadonlyMap<number, Field & { readonly key: string }>>;

type Scalar = {
  readonly wire: WireType;
  readonly read: (reader: BinaryReader) => unknown;
  readonly write: (writer: BinaryWriter, value: never) => void;
};

const SCALARS: { readonly [K in ScalarKind]: Scalar } = {
  int: {
    wire: WireType.Varint,
    read: (reader) => Number(reader.int64()),
    write: (writer, value: number) => writer.int64(value),
  },
  float: {
    wire: WireType.Bit32,
    read: (reader) => reader.float(),
    write: (writer, value: number) => writer.float(value),
  },
  string: {
    wire: WireType.LengthDelimited,
    read: (reader) => reader.string(true),
    write: (writer, value: string) => writer.string(value),
  },
  bytes: {
    wire: WireType.LengthDelimited,
    read: (reader) => reader.bytes(),
    write: (writer, value: Uint8Array) => writer.bytes(value),
  },
};

/** Decodes a message; byte fields are views into the file. Throws TensorError `bad-onnx`. */
export function decodeMessage<M extends MessageName>(name: M, bytes: Uint8Array): Message<M> {
  try {
    return readMessage(name, bytes, { messages: 0 }) as Message<M>;
  } catch (error) {
    if (error instanceof TensorError) throw error;
    return refuseOnnx(
      `the file is no protobuf message: ${(error as Error).message}`,
      "pass a complete ONNX file",
      error,
    );
  }
}

function readMessage(name: MessageName, bytes: Uint8Array, count: { messages: number }): Record<string, unknown> {
  count.messages += 1;
  if (count.messages > MAX_MESSAGES)
    refuseOnnx(`the file holds more than ${MAX_MESSAGES} messages`, "use a smaller model");
  const fields = BY_NUMBER[name];
  const message: Record<string, unknown> = {};
  for (const { key, many } of fields.values()) message[key] = many ? [] : undefined;
  const reader = new BinaryReader(bytes);
  while (reader.pos < reader.len) {
    const [number, wire] = reader.tag();
    const field = fields.get(number);
    if (field === undefined) reader.skip(wire, number);
    else if (!Object.hasOwn(SCALARS, field.kind)) {
      needWire(field, wire, WireType.LengthDelimited);
      put(message, field, readMessage(field.kind as MessageName, reader.bytes(), count));
    } else readScalar(message, field, { reader, wire });
  }
  return message;
}

function needWire({ key }: { key: string }, wire: WireType, wanted: WireType): void {
  if (wire !== wanted) refuseOnnx(`field ${key} has wire type ${wire}, not ${wanted}`, "pass a complete ONNX file");
}

function put(message: Record<string, unknown>, { key, many }: Field & { key: string }, value: unknown): void {
  if (many) (message[key] as unknown[]).push(value);
  else message[key] = value;
}

/** A repeated number may come packed: all values in one field. */
function readScalar(
  message: Record<string, unknown>,
  field: Field & { readonly key: string },
  { reader, wire }: { reader: BinaryReader; wire: WireType },
): void {
  const scalar = SCALARS[field.kind as ScalarKind];
  if (field.many && wire === WireType.LengthDelimited && scalar.wire !== WireType.LengthDelimited) {
    const packed = new BinaryReader(reader.bytes());
    while (packed.pos < packed.len) put(message, field, scalar.read(packed));
    if (packed.pos !== packed.len) refuseOnnx(`field ${field.key} ends inside a value`, "pass a complete ONNX file");
    return;
  }
  needWire(field, wire, scalar.wire);
  put(message, field, scalar.read(reader));
}

/** Encodes a message; lists of numbers are packed. */
export function encodeMessage<M extends MessageName>(name: M, message: MessageToWrite<M>): Uint8Array {
  const writer = new BinaryWriter();
  writeMessage(writer, name, message as Record<string, unknown>);
  return writer.finish();
}

function writeMessage(writer: BinaryWriter, name: MessageName, message: Readonly<Record<string, unknown>>): void {
  for (const [number, { key, kind, many }] of BY_NUMBER[name]) {
    const values = many ? ((message[key] ?? []) as unknown[]) : message[key] === undefined ? [] : [message[key]];
    if (values.length === 0) continue;
    const scalar = Object.hasOwn(SCALARS, kind) ? SCALARS[kind as ScalarKind] : undefined;
    if (scalar !== undefined && many && scalar.wire !== WireType.LengthDelimited) {
      writer.tag(number, WireType.LengthDelimited).fork();
      for (const value of values) scalar.write(writer, value as never);
      writer.join();
      continue;
    }
    for (const value of values) {
      writer.tag(number, scalar?.wire ?? WireType.LengthDelimited);
      if (scalar !== undefined) scalar.write(writer, value as never);
      else {
        writer.fork();
        writeMessage(writer, kind as MessageName, value as Record<string, unknown>);
        writer.join();
      }
    }
  }
}

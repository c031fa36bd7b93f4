// A one-operator ONNX model as bytes: MatMul of two fp32 matrices given at run time. Enough of protobuf for that.

type Field = readonly [number: number, content: number | string | Uint8Array];

function varint(value: number): number[] {
  const bytes: number[] = [];
  for (let rest = value; ; rest = Math.floor(rest / 128)) {
    if (rest < 128) return [...bytes, rest];
    bytes.push((rest % 128) + 128);
  }
}

/** A protobuf message of varint and length-delimited fields. */
function message(...fields: readonly Field[]): Uint8Array {
  const bytes = fields.flatMap(([number, content]) => {
    if (typeof content === "number") return [...varint(number * 8), ...varint(content)];
    const body = typeof content === "string" ? new TextEncoder().encode(content) : content;
    return [...varint(number * 8 + 2), ...varint(body.length), ...body];
  });
  return Uint8Array.from(bytes);
}

const FLOAT = 1;

/** ValueInfoProto: a float tensor of that shape. */
function tensorInfo(name: string, shape: readonly number[]): Uint8Array {
  const dimensions = shape.map((size): Field => [1, message([1, size])]);
  return message([1, name], [2, message([1, message([1, FLOAT], [2, message(...dimensions)])])]);
}

/** The ModelProto of `c = a · b`, a [M,K], b [K,N]. */
export function matmulModel(M: number, N: number, K: number): Uint8Array {
  const node = message([1, "a"], [1, "b"], [2, "c"], [4, "MatMul"]);
  const graph = message(
    [1, node],
    [2, "matmul"],
    [11, tensorInfo("a", [M, K])],
    [11, tensorInfo("b", [K, N])],
    [12, tensorInfo("c", [M, N])],
  );
  const [irVersion, opset] = [8, 17];
  return message([1, irVersion], [7, graph], [8, message([1, ""], [2, opset])]);
}

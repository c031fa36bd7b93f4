// The MLP of the training bench in tfjs on its WebAssembly backend, one thread. The backward pass is written out with its
// operators: the bundle for Node has no gradients registered, and written out it is the faster form.
import { openTfjs } from "./openTfjs.ts";
import { MLP, type MlpStart } from "./trainSubjects.ts";

type Tensor = { dataSync(): Float32Array; dispose(): void };
type Tfjs = {
  tensor2d(values: Float32Array, shape: [number, number]): Tensor;
  tensor1d(values: Float32Array | Int32Array, dtype?: "int32"): Tensor;
  scalar(value: number): Tensor;
  oneHot(indices: Tensor, depth: number): Tensor;
  cast(x: Tensor, dtype: "float32"): Tensor;
  matMul(a: Tensor, b: Tensor, transposeA?: boolean, transposeB?: boolean): Tensor;
  add(a: Tensor, b: Tensor): Tensor;
  sub(a: Tensor, b: Tensor): Tensor;
  mul(a: Tensor, b: Tensor): Tensor;
  square(x: Tensor): Tensor;
  tanh(x: Tensor): Tensor;
  exp(x: Tensor): Tensor;
  logSoftmax(x: Tensor): Tensor;
  sum(x: Tensor, axis?: number): Tensor;
  tidy<T>(compute: () => T): T;
};
/** One step of training; the loss before it. Weights are [in, out] here, which is this peer's fastest form. */
export async function tfjsMlp(start: MlpStart): Promise<() => number> {
  const tf = await openTfjs<Tfjs>();
  const { rows, inputs, hidden, classes, rate } = MLP;
  let weights = [
    tf.tensor2d(transposed(start.w1, hidden, inputs), [inputs, hidden]),
    tf.tensor1d(start.b1),
    tf.tensor2d(transposed(start.w2, classes, hidden), [hidden, classes]),
    tf.tensor1d(start.b2),
  ] as const;
  const x = tf.tensor2d(start.x, [rows, inputs]);
  const labels = tf.cast(tf.oneHot(tf.tensor1d(start.targets, "int32"), classes), "float32");
  const [one, share, speed] = [tf.scalar(1), tf.scalar(1 / rows), tf.scalar(rate)];
  return () => {
    const [w1, b1, w2, b2] = weights;
    const { loss, next } = tf.tidy(() => {
      const inner = tf.tanh(tf.add(tf.matMul(x, w1), b1));
      const logs = tf.logSoftmax(tf.add(tf.matMul(inner, w2), b2));
      const upstream = tf.mul(tf.sub(tf.exp(logs), labels), share);
      const back = tf.mul(tf.matMul(upstream, w2, false, true), tf.sub(one, tf.square(inner)));
      const gradients = [
        tf.matMul(x, back, true, false),
        tf.sum(back, 0),
        tf.matMul(inner, upstream, true, false),
        tf.sum(upstream, 0),
      ];
      const moved = weights.map((weight, i) => tf.sub(weight, tf.mul(speed, gradients[i]!)));
      return { loss: tf.mul(tf.sum(tf.mul(labels, logs)), share), next: moved };
    });
    for (const weight of weights) weight.dispose();
    weights = next as unknown as typeof weights;
    const value = -loss.dataSync()[0]!;
    loss.dispose();
    return value;
  };
}

function transposed(x: Float32Array, rows: number, columns: number): Float32Array {
  return x.map((_, i) => x[(i % rows) * columns + Math.floor(i / rows)]!);
}

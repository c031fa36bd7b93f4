// The matrix products of others, one thread each, in the form that is their fastest: B given as [K,N]. Ours is given [N,K].
import { importPeer } from "../tools/peers.ts";
import { matmulModel } from "./onnxModel.ts";
import { openTfjs } from "./openTfjs.ts";

/** Multiplies the same two N x N matrices; resolves with the product. */
export type PeerProduct = () => Promise<Float32Array>;

type Tfjs = {
  tensor2d(values: Float32Array, shape: [number, number]): unknown;
  matMul(a: unknown, b: unknown): { dataSync(): Float32Array; dispose(): void };
};

export async function tfjsProduct(size: number, a: Float32Array, b: Float32Array): Promise<PeerProduct> {
  const tf = await openTfjs<Tfjs>();
  const [x, y] = [tf.tensor2d(a, [size, size]), tf.tensor2d(b, [size, size])];
  return async () => {
    const product = tf.matMul(x, y);
    const values = product.dataSync();
    product.dispose();
    return values;
  };
}

type Feeds = Record<string, unknown>;
type Session = { run(feeds: Feeds): Promise<{ c: { data: Float32Array } }> };
type Ort = {
  InferenceSession: { create(model: Uint8Array, options: object): Promise<Session> };
  Tensor: new (type: "float32", data: Float32Array, dims: readonly number[]) => unknown;
};

export async function ortProduct(size: number, a: Float32Array, b: Float32Array): Promise<PeerProduct> {
  const ort = await importPeer<Ort>("onnxruntime-node");
  const session = await ort.InferenceSession.create(matmulModel(size, size, size), {
    executionProviders: ["cpu"],
    intraOpNumThreads: 1,
    interOpNumThreads: 1,
  });
  const feeds = { a: new ort.Tensor("float32", a, [size, size]), b: new ort.Tensor("float32", b, [size, size]) };
  return async () => (await session.run(feeds)).c.data;
}

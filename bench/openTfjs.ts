// tfjs on its WebAssembly backend, one thread, for the benches that measure beside it.
import { importPeer } from "../tools/peers.ts";

type Setup = {
  env(): { set(flag: string, value: boolean): void };
  setBackend(name: string): Promise<boolean>;
  ready(): Promise<void>;
};
type TfjsWasm = { setWasmPaths(folder: string): void; setThreadsCount(count: number): void };

/** `Operators` are those that a bench calls. */
export async function openTfjs<Operators>(): Promise<Operators> {
  const tf = await importPeer<Setup & Operators>("@tensorflow/tfjs-core");
  const wasm = await importPeer<TfjsWasm>("@tensorflow/tfjs-backend-wasm");
  wasm.setWasmPaths(new URL("peers/node_modules/@tensorflow/tfjs-backend-wasm/dist/", import.meta.url).pathname);
  wasm.setThreadsCount(1);
  tf.env().set("WASM_HAS_MULTITHREAD_SUPPORT", false);
  await tf.setBackend("wasm");
  await tf.ready();
  return tf;
}

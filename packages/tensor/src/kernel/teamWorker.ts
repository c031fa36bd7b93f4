// A thread of a kernel team: runs the plans its leader starts until it is dismissed (kernels/assembly/execute.ts).
import { parentPort, workerData } from "node:worker_threads";
import { instantiate } from "./module.ts";

export type FollowerSetup = {
  readonly role: "weft-kernels";
  readonly module: WebAssembly.Module;
  readonly memory: WebAssembly.Memory;
  readonly thread: number;
  readonly threads: number;
  readonly scratch: number;
  readonly control: number;
};

const setup = workerData as FollowerSetup | null;
if (parentPort && setup?.role === "weft-kernels") {
  const { follow } = instantiate(setup.module, setup.memory);
  parentPort.postMessage("ready");
  // No plan has run yet: the leader waits for every thread's message first.
  follow(setup.thread, setup.threads, setup.scratch, setup.control, 0);
}

// Child of TensorRuntime.test.ts: a "node" that runs the job and is killed. argv: folder. Prints the worker's pid, then
// a line per segment.
import { writeSync } from "node:fs";
import { createTensorRuntime } from "./TensorRuntime.ts";
import { tensorJob } from "./tensorBench.fixture.ts";

const run = await createTensorRuntime({ folder: String(process.argv[2]) }).start(tensorJob("run"), {});
writeSync(1, `pid ${(run as unknown as { pid: number }).pid}\n`);
for await (const event of run.events()) {
  if (event.type !== "segment") continue;
  writeSync(1, `segment ${event.segment}\n`);
  if (event.segment === 3) break;
}
setInterval(() => {}, 1000);

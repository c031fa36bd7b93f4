// Resident memory of a node process: at rest with four peers after a minute of gossip, and while it trains.
import { setTimeout as sleep } from "node:timers/promises";
import { startNetwork } from "./network.ts";
import { processesWith, rssMiB } from "./processes.ts";
import { type Bench, type Figure, figure, mustHold } from "./report.ts";

const restMs = 60_000;

export const bench: Bench = {
  name: "memory",
  about: "resident memory of a node at rest with four peers, and while training",
  run: measure,
};

async function* measure(): AsyncGenerator<Figure> {
  const network = startNetwork(["--no-job"]);
  try {
    await network.until(({ kind, phase }) => kind === "phase" && phase === "processes");
    await sleep(restMs);
    const nodes = nodeProcesses(network.home.root);
    mustHold(nodes.length === 5, `five nodes run, ${nodes.length} found`);
    const resting = nodes.map(rssMiB);
    const limit = { atMost: 180 };
    yield figure("memory.node_rest_mb", { value: Math.max(...resting), unit: "MiB" }, limit);
    yield figure("memory.gateway_rest_mb", { value: rssMiB(gatewayProcess(network.home.root)), unit: "MiB" });
  } finally {
    await network.end();
  }
  yield* training();
}

const nodeProcesses = (home: string): number[] => processesWith("apps/node/src/main.ts", home);
const gatewayProcess = (home: string): number => processesWith("apps/gateway/src/main.ts", home)[0] ?? 0;

/** The provider's process and its worker together, sampled over a short job. */
async function* training(): AsyncGenerator<Figure> {
  const network = startNetwork(["--once", "--quick"]);
  let highest = 0;
  let worker = 0;
  try {
    for await (const { line } of network.lines()) {
      if (line.kind === "progress") {
        highest = Math.max(highest, ...nodeProcesses(network.home.root).map(rssMiB));
        worker = Math.max(worker, ...processesWith("tensorWorker.ts", network.home.root).map(rssMiB));
      }
      if (line.kind === "done") break;
    }
    mustHold(highest > 0 && worker > 0, "the job made progress in a worker process");
    yield figure("memory.node_train_mb", { value: highest + worker, unit: "MiB" });
    yield figure("memory.worker_train_mb", { value: worker, unit: "MiB" });
  } finally {
    await network.end();
  }
}

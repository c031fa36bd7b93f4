// What a running node has to be watched for, in home/metrics.prom: Prometheus' text format, for a collector of text files. No port
// is opened for it.
import { renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { NodeStatus } from "./startNode.ts";

type Counted = Pick<NodeStatus, "court" | "refused">;

/** Codes are a fixed set of this code base; more than there are. */
const mostCodes = 512;

export function metricsOf({ court, refused }: Counted): string {
  const { games, waitingForWorker, replaysFailing, foundTooLate, nextDeadline } = court;
  const codes = Object.entries(refused).slice(0, mostCodes);
  return [
    ...metric("court_games", "gauge", "Games of disputes that this node has a side in.", [
      ['role="defender"', games.defender],
      ['role="rival"', games.rival],
    ]),
    ...metric("court_waiting_for_worker", "gauge", "Moves that wait for a worker.", [["", waitingForWorker]]),
    ...metric("court_replays_failing", "gauge", "Disputes whose last replay failed.", [["", replaysFailing]]),
    ...metric(
      "court_next_deadline_seconds",
      "gauge",
      "End of the next turn in court, Unix time; absent without one.",
      nextDeadline === undefined ? [] : [["", nextDeadline]],
    ),
    ...metric("court_found_too_late_total", "counter", "Segments found false whose window was over.", [
      ["", foundTooLate],
    ]),
    ...metric(
      "refused_total",
      "counter",
      "What the node refused, by code.",
      codes.map(([code, count]) => [`code="${code.replace(/[^a-zA-Z0-9_.-]/g, "_")}"`, count] as const),
    ),
    "",
  ].join("\n");
}

function metric(
  name: string,
  kind: "gauge" | "counter",
  rest: string,
  values: readonly (readonly [labels: string, value: number])[],
): string[] {
  return [
    `# HELP weft_${name} ${rest}`,
    `# TYPE weft_${name} ${kind}`,
    ...values.map(([labels, value]) => `weft_${name}${labels && `{${labels}}`} ${value}`),
  ];
}

/** Complete or not at all. */
export function writeMetrics(home: string, text: string): void {
  const path = join(home, "metrics.prom");
  writeFileSync(`${path}.part`, text, { mode: 0o600 });
  renameSync(`${path}.part`, path);
}

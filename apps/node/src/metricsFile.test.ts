import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { metricsOf, writeMetrics } from "./metricsFile.ts";

const court = { games: { defender: 2, rival: 1 }, waitingForWorker: 3, replaysFailing: 1, foundTooLate: 4 };

test("the court's numbers and refusals as a collector of text files reads them", (t) => {
  const home = mkdtempSync(join(tmpdir(), "weft-metrics-"));
  t.after(() => rmSync(home, { recursive: true }));
  writeMetrics(
    home,
    metricsOf({ court: { ...court, nextDeadline: 1700 }, refused: { 'court."\n': 2, "court.bonds": 5 } }),
  );
  const text = readFileSync(join(home, "metrics.prom"), "utf8");
  const lines = text.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
  assert.deepEqual(lines, [
    'weft_court_games{role="defender"} 2',
    'weft_court_games{role="rival"} 1',
    "weft_court_waiting_for_worker 3",
    "weft_court_replays_failing 1",
    "weft_court_next_deadline_seconds 1700",
    "weft_court_found_too_late_total 4",
    'weft_refused_total{code="court.__"} 2',
    'weft_refused_total{code="court.bonds"} 5',
  ]);
  assert.ok(text.endsWith("\n"));
});

test("no deadline where no game is played", () => {
  assert.doesNotMatch(metricsOf({ court, refused: {} }), /^weft_court_next_deadline_seconds/m);
});

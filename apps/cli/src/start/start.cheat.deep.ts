// The whole of `weft start --cheat`: a network of real processes in which the provider that wins flips one bit of one weight a
// segment. It is found, tried in court and slashed, and the job is done by others. Minutes; part of the deep run.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { homeAt } from "../Home.ts";
import { livingRecords } from "../process/RunFolder.ts";
import { cheat, checkStory } from "./cheatStory.fixture.ts";

const folder = mkdtempSync(join(tmpdir(), "weft-cli-cheat-"));
after(() => rmSync(folder, { recursive: true, force: true }));
const minutes = 60_000;

for (const { title, words, limitMs } of [
  {
    title: "start --once --quick --cheat: found, challenged, narrowed, slashed; the job goes on elsewhere and is done",
    ...{ words: ["--quick"], limitMs: 20 * minutes },
  },
  {
    title: "start --once --cheat: the same over the main job, within the clocks of the chain",
    ...{ words: [], limitMs: 60 * minutes },
  },
])
  test(title, async (t) => {
    const home = homeAt(join(folder, words.length === 0 ? "main" : "quick", ".weft"));
    const { slashedAfter, playedFor, proof } = checkStory(home, await cheat(home, words, limitMs));
    t.diagnostic(`slashed ${slashedAfter} s after the job began, ${playedFor} s after the challenge; ${proof}`);
    assert.deepEqual(livingRecords(home), []);
  });

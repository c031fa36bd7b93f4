// `npm start -- --once --cheat`: how long after the job's creation the main job's cheating provider is slashed, by the chain's clock. One
// run of minutes: needs the machine for itself. What must be so in every such run is held as the deep test does.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { homeAt } from "../apps/cli/src/Home.ts";
import { cheat, checkStory } from "../apps/cli/src/start/cheatStory.fixture.ts";
import { type Bench, type Figure, figure } from "./report.ts";

const limitMs = 1_800_000;

export const bench: Bench = {
  name: "cheat",
  about: "seconds until the main job's cheating provider is slashed",
  run: measure,
};

async function* measure(): AsyncGenerator<Figure> {
  const folder = mkdtempSync(join(tmpdir(), "weft-bench-"));
  try {
    const home = homeAt(join(folder, ".weft"));
    const { slashedAfter, playedFor } = checkStory(home, await cheat(home, [], limitMs));
    yield figure("cheat.slashed_s", { value: slashedAfter, unit: "s" }, { atMost: 180 });
    yield figure("cheat.played_s", { value: playedFor, unit: "s" });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

// docs/dispute.svg from docs/dispute.jsonl: the events of one game of a real run, as `weft dispute watch GAME --json` prints them, the
// names of its nodes in the first line. `node tools/disputePicture.ts` writes the picture.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { disputeSvg } from "@weft/cli/render/disputeSvg";
import type { DisputeEvent } from "@weft/protocol/DisputeEvent";
import { repositoryRoot } from "./skips.ts";

const docs = join(repositoryRoot, "docs");

/** The recorded game: names by id, then its events. */
export function recordedGame(): { names: ReadonlyMap<string, string>; events: DisputeEvent[] } {
  const [names, ...events] = readFileSync(join(docs, "dispute.jsonl"), "utf8").trimEnd().split("\n");
  return {
    names: new Map(Object.entries(JSON.parse(names ?? "{}") as Record<string, string>)),
    events: events.map((line) => JSON.parse(line) as DisputeEvent),
  };
}

export const picture = (): string => {
  const { names, events } = recordedGame();
  return disputeSvg(events, names);
};

if (import.meta.main) writeFileSync(join(docs, "dispute.svg"), picture());

// The picture and the tree in the README are those of the recorded game.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { disputeSvg, roundsOf } from "@weft/cli/render/disputeSvg";
import { disputeTree } from "@weft/cli/render/disputeTree";
import { shapes } from "@weft/protocol/DisputeEvent";
import { picture, recordedGame } from "./disputePicture.ts";
import { repositoryRoot } from "./skips.ts";

const textOf = (path: string): string => readFileSync(join(repositoryRoot, path), "utf8");

test("docs/dispute.svg is drawn from the game in docs/dispute.jsonl, and the README shows that game's tree", () => {
  const { names, events } = recordedGame();
  for (const { kind, ...body } of events) shapes[kind].parse(body);
  assert.equal(textOf("docs/dispute.svg"), picture(), "write it with: node tools/disputePicture.ts");
  const tree = disputeTree(events, { look: { colour: false, width: 200 }, names });
  assert.ok(tree.length > 10 && textOf("README.md").includes(tree.join("\n")), tree.join("\n"));
});

test("a round a choice, each part within the one before; names and operators can't break the picture", () => {
  const { events } = recordedGame();
  const rounds = roundsOf(events);
  assert.ok(rounds.length >= 4 && rounds.every(({ from, to }) => from >= 0 && to > from && to <= 1));
  const hostile = new Map([[events[0]?.kind === "challenged" ? events[0].nodeId : "", "</text><script>&"]]);
  const svg = disputeSvg(events, hostile);
  assert.ok(!svg.includes("<script>") && svg.includes("&lt;/text&gt;&lt;script&gt;&amp;"));
  assert.equal(disputeSvg([], hostile).includes("</svg>"), true);
});

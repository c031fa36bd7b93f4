// The commands of disputes in court: who is challenged, how a game goes, and taking a side in one.
import { type Command, Option } from "commander";
import { type Add, count, group } from "./commandSpec.ts";

const exitCodes = "Exit codes: 0 done, 1 failed, 2 called wrongly, 130 interrupted.";

export function addDisputeCommands(program: Command, add: Add): void {
  const dispute = group(program, {
    name: "dispute",
    summary: "segments that are challenged in court",
    examples: [
      "weft dispute",
      "weft dispute watch 0x1f3a",
      "weft dispute watch 0x5bd4 --once",
      "weft dispute join 0x5bd4 4",
      "weft dispute defend 0x1f3a --name node-2",
    ],
  });
  addLooking(dispute, add);
  addPlaying(dispute, add);
}

function addLooking(dispute: Command, add: Add): void {
  add(dispute, {
    usage: "list",
    isDefault: true,
    summary: "every dispute of the network: lease, segment, rival, level, whose turn it is, gas so far",
    options: [count("--limit <count>", "the latest so many (default 100)", { min: 1, max: 100_000 })],
    notes: [
      "States: waiting (for rivals before it), playing, won (the segment is false), lost (this rival is out, the segment stands",
      "so far), final (it stands, and nobody can challenge it any more).",
      "Read from the chain's log: no gateway is needed, only this home's network file.",
      exitCodes,
    ].join("\n"),
    examples: ["weft dispute", "weft dispute list --limit 10", "weft dispute list --json"],
    run: async (context, _, flags) => (await import("./commands/dispute.ts")).list(context, flags),
  });
  add(dispute, {
    usage: "watch <game>",
    summary: "follow a game, or the last one of a lease, as a tree that narrows to one word; finished ones too",
    options: [new Option("--once", "show how it stands and return")],
    notes: [
      "The beginning of a game's or lease's id will do. It is read from the chain's log: no gateway is needed.",
      exitCodes,
    ].join("\n"),
    examples: ["weft dispute watch 0x1f3a", "weft dispute watch 0x5bd4 --once", "weft dispute watch 0x1f3a --json"],
    run: async (context, [game], flags) =>
      (await import("./commands/dispute.ts")).watch(context, game as string, flags),
  });
}

function addPlaying(dispute: Command, add: Add): void {
  add(dispute, {
    usage: "join <lease> <segment>",
    summary: "replay a segment of your lease here; where it is false, challenge it and play to the end",
    options: [new Option("--max-bond <amount>", "most to put at stake (default 1)")],
    notes: [
      "A lease that begins in a state of its node's own choice is challenged on that, without a replay. A replay that agrees",
      "challenges nothing. The bond comes from the buyer's wallet and goes back to it; who is wrong loses it.",
      "Exit codes: 0 the segment was found false, 1 it stands or nothing was challenged, 2 called wrongly, 130 interrupted.",
    ].join("\n"),
    examples: ["weft dispute join 0x5bd4 4", "weft dispute join 0x5bd4 4 --max-bond 0.01 --json"],
    run: async (context, [lease, segment], flags) =>
      (await import("./commands/dispute.ts")).join(context, [lease as string, segment as string], flags),
  });
  add(dispute, {
    usage: "defend <game>",
    summary: "play the defender's moves with the key and disk of a node that does not run",
    options: [new Option("--name <name>", "which node of this home").default("self")],
    notes: [
      "A running node defends its segments by itself. Against a challenge of the lease's start the chain is enough: its disk",
      "isn't read.",
      "Exit codes: 0 the segment stands, 1 it was found false or nothing could be played, 2 called wrongly, 130 interrupted.",
    ].join("\n"),
    examples: ["weft dispute defend 0x1f3a", "weft dispute defend 0x1f3a --name node-2 --json"],
    run: async (context, [game], flags) =>
      (await import("./commands/dispute.ts")).defend(context, game as string, flags as { name: string }),
  });
}

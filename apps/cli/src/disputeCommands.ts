// The commands of disputes in court: who is challenged, how a game goes, and taking a side in one.
import { type Command, Option } from "commander";
import { type Add, group } from "./commandSpec.ts";

export function addDisputeCommands(program: Command, add: Add): void {
  const dispute = group(program, {
    name: "dispute",
    summary: "segments that are challenged in court",
    examples: ["weft dispute", "weft dispute watch 0x1f3a", "weft dispute watch 0x5bd4 --once"],
  });
  add(dispute, {
    usage: "list",
    isDefault: true,
    summary: "every dispute of the network: lease, segment, rival, level, whose turn it is, gas so far",
    examples: ["weft dispute", "weft dispute list --json"],
    run: async (context) => (await import("./commands/dispute.ts")).list(context),
  });
  add(dispute, {
    usage: "watch <game>",
    summary: "follow a game, or the last one of a lease, as a tree that narrows to one word; finished ones too",
    options: [new Option("--once", "show how it stands and return")],
    notes: "The beginning of a game's or lease's id will do. It is read from the chain's log: no gateway is needed.",
    examples: ["weft dispute watch 0x1f3a", "weft dispute watch 0x5bd4 --once", "weft dispute watch 0x1f3a --json"],
    run: async (context, [game], flags) =>
      (await import("./commands/dispute.ts")).watch(context, game as string, flags),
  });
  add(dispute, {
    usage: "join <lease> <segment>",
    summary: "replay a segment of your lease here; where it is false, challenge it and play to the end",
    options: [new Option("--max-bond <amount>", "most to put at stake (default 1)")],
    notes:
      "A replay that agrees challenges nothing. The bond comes from the buyer's wallet and goes back to it; who is wrong loses it.",
    examples: ["weft dispute join 0x5bd4 4", "weft dispute join 0x5bd4 4 --max-bond 0.01 --json"],
    run: async (context, [lease, segment], flags) =>
      (await import("./commands/dispute.ts")).join(context, [lease as string, segment as string], flags),
  });
  add(dispute, {
    usage: "defend <game>",
    summary: "play the defender's moves with the key and disk of a node that does not run",
    options: [new Option("--name <name>", "which node of this home").default("self")],
    notes: "A running node defends its segments by itself.",
    examples: ["weft dispute defend 0x1f3a", "weft dispute defend 0x1f3a --name node-2"],
    run: async (context, [game], flags) =>
      (await import("./commands/dispute.ts")).defend(context, game as string, flags as { name: string }),
  });
}

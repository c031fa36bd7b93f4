// The commands of a provider node: keys, registration, running, the owner's money and switches.
import { hourlyStepText } from "@weft/protocol/hourlyPrice";
import { type Command, Option } from "commander";
import { type Add, type CommandSpec, count, group, ipv4 } from "./commandSpec.ts";

export function addNodeCommands(program: Command, add: Add): void {
  const node = group(program, {
    name: "node",
    summary: "run and manage a provider node",
    examples: ["weft node join network.json --price 0.612", "weft node pause --name node-2"],
  });
  const name = () => new Option("--name <name>", "which node of this home").default("self");
  const price = () =>
    new Option("--price <amount>", `asked per unit and hour, in steps of ${hourlyStepText}, such as 0.612`);
  const verb: NodeVerb = (spec) =>
    add(node, {
      ...spec,
      options: [name(), ...(spec.options ?? [])],
      run: async (context, parameters, flags) =>
        (await import("./commands/node.ts")).nodeCommand(context, spec.call, { parameters, flags }),
    });
  verb({
    call: "run",
    usage: "run",
    summary: "run a registered node",
    options: [price(), ...courtOptions()],
    examples: ["weft node run", "weft node run --name node-2", "weft node run --court-bonds 5 --court-workers 1"],
  });
  verb({
    call: "register",
    usage: "register",
    summary: "make keys, register, stake and add pools",
    options: [price(), fund(), ...courtOptions()],
    notes: moneyNotes,
    examples: ["weft node register --price 0.612", "weft node register --fund"],
  });
  verb({
    call: "join",
    usage: "join <network>",
    summary: "join a network from its file or a gateway's URL, and run",
    options: [
      price(),
      ipv4("--address <ip>", "address that other machines reach this one at"),
      new Option("--rpc <url>", "address of the chain as this machine reaches it"),
      fund(),
      ...courtOptions(),
    ],
    notes: moneyNotes,
    examples: [
      "weft node join network.json --fund",
      "weft node join network.json --court-bonds 5 --court-games 4 --court-workers 1",
      "weft node join network.json",
      "weft node join http://192.0.2.7:8480/v1/network --price 0.612",
    ],
  });
  addSwitches(verb);
  addOwnerCommands(verb);
  addCourtCommands(node, add);
}

function addSwitches(verb: NodeVerb): void {
  verb({ call: "probe", usage: "probe", summary: "measure this machine", examples: ["weft node probe --json"] });
  verb({
    call: "pause",
    usage: "pause",
    summary: "offer nothing more until resumed; leases go on",
    examples: ["weft node pause --name node-2"],
  });
  verb({ call: "resume", usage: "resume", summary: "offer again", examples: ["weft node resume --name node-2"] });
  verb({
    call: "drain",
    usage: "drain",
    summary: "take no new lease and stop after the last",
    examples: ["weft node drain --name node-2"],
  });
  verb({
    call: "rotate-operator",
    usage: "rotate-operator",
    summary: "replace the operator key, and move its money for bonds to the new one",
    options: [fund(), new Option("--force", "also while challenges of the old key are in the court")],
    notes:
      "The old key stays in the keystore: bonds that are in games come back to it, see `weft node court withdraw`.",
    examples: ["weft node rotate-operator --name node-2", "weft node rotate-operator --force"],
  });
  verb({
    call: "export-key",
    usage: "export-key",
    summary: "print the operator or owner key file",
    options: [new Option("--role <role>", "which key").choices(["operator", "owner"]).default("operator")],
    examples: ["weft node export-key --role owner > owner.json"],
  });
}

const fund = () => new Option("--fund", "pay what the operator's key lacks from the owner's account");
const moneyNotes = [
  "The operator's key pays gas and bonds in the court; the command says how much that is, and refuses where it is missing.",
  "Bonds come back unless the node is wrong. With --court-bonds 0 it challenges nobody and needs none.",
].join("\n");

/** Kept for the next start. */
const courtOptions = () => [
  new Option(
    "--court-bonds <amount>",
    "most money in bonds of its challenges at a time (default: all it has; 0: none)",
  ),
  count("--court-gas <gas>", "most gas that one game may cost (default 6000000)", { min: 0, max: 1e12 }),
  count("--court-games <count>", "most challenges of its own at a time (default: as many as replays leave time for)", {
    min: 0,
    max: 1024,
  }),
  count("--court-workers <count>", "processes that replay what is disputed (default 2)", { min: 1, max: 64 }),
];

/** Money for disputes. */
function addCourtCommands(node: Command, add: Add): void {
  const court = group(node, {
    name: "court",
    summary: "the money a node has for disputes, and what its owner allows there",
    examples: ["weft node court", "weft node court deposit 14.4", "weft node court withdraw"],
  });
  const name = () => new Option("--name <name>", "which node of this home").default("self");
  const verb = (spec: Omit<CommandSpec, "run">) =>
    add(court, {
      ...spec,
      options: [name(), ...(spec.options ?? [])],
      run: async (context, parameters, flags) =>
        (await import("./commands/node.ts")).nodeCommand(context, `court ${spec.usage.split(" ")[0]}`, {
          ...{ parameters, flags },
        }),
    });
  verb({
    usage: "status",
    isDefault: true,
    summary: "bonds in games, deposits, limits, and what is missing",
    examples: ["weft node court", "weft node court status --name node-2 --json"],
  });
  verb({
    usage: "deposit <amount>",
    summary: "put money for bonds into the court, from the owner's account for the operator",
    examples: ["weft node court deposit 14.4", "weft node court deposit 14.4 --name node-2"],
  });
  verb({
    usage: "withdraw [amount]",
    summary:
      "take out what no challenge has locked: won bonds, deposits of this key and older ones, the operator's account",
    options: [new Option("--to <address>", "who receives it (default: the owner)")],
    notes:
      "All of it where no amount is named. A node that runs needs some for its next challenge: see `weft node court`.",
    examples: [
      "weft node court withdraw",
      "weft node court withdraw 2.5 --to 0x8888888888888888888888888888888888888888",
    ],
  });
}

type NodeVerb = (spec: Omit<CommandSpec, "run" | "options"> & { options?: readonly Option[]; call: string }) => void;

/** The owner's money: no gateway and no running node is needed. */
function addOwnerCommands(verb: NodeVerb): void {
  const to = () => new Option("--to <address>", "who receives it (default: the owner)");
  verb({
    call: "money",
    usage: "money",
    summary: "what the owner has earned, bonded and staked, and what is on its way out",
    examples: ["weft node money --name node-2", "weft node money --json"],
  });
  verb({
    call: "withdraw",
    usage: "withdraw <amount>",
    summary: "move earnings out at once; free money by a notice, and paid by the same command after the delay",
    options: [to()],
    examples: ["weft node withdraw 1.5", "weft node withdraw 1.5 --to 0x8888888888888888888888888888888888888888"],
  });
  verb({
    call: "keep-earnings",
    usage: "keep-earnings <amount>",
    summary: "turn earnings into free money, to bond or to order with",
    examples: ["weft node keep-earnings 2"],
  });
  verb({
    call: "defund-bonds",
    usage: "defund-bonds <amount>",
    summary: "turn bond money that no lease has locked into free money",
    examples: ["weft node defund-bonds 5", "weft node defund-bonds 5 --name node-2 --json"],
  });
  verb({
    call: "unstake",
    usage: "unstake <amount>",
    summary: "move WEFT stake out; the first call gives notice, the second pays after the unbonding delay",
    options: [to()],
    notes: "Drain the node first: a reveal that it owes the beacon and misses is taken from unbonding stake as well.",
    examples: ["weft node unstake 50", "weft node unstake 50 --to 0x8888888888888888888888888888888888888888"],
  });
}

// The command tree: names, flags, help and examples. What a command does is loaded when it is called, so that `--help`
// and mistakes are answered at once.
import { Command, InvalidArgumentError, Option } from "commander";
import {
  type Add,
  addCommand,
  type CommandSpec,
  count,
  examplesText,
  group,
  ipv4,
  type Outcome,
} from "./commandSpec.ts";
import { addDisputeCommands } from "./disputeCommands.ts";
import { addModelCommands } from "./modelCommands.ts";
import { addNodeCommands } from "./nodeCommands.ts";

export function buildProgram(outcome: Outcome): Command {
  const program = new Command("weft")
    .description("Rent machines, run work, and check what was claimed.")
    .version("0.1.0")
    .option(
      "--home <dir>",
      "folder of the network on this machine (default: .weft of the checkout, else of this folder)",
    )
    .option("--json", "print JSON lines; the last one is a summary")
    .option("--gateway <url>", "gateway to use instead of the one that runs on this home")
    .option("--token-file <file>", "file with that gateway's token")
    .showHelpAfterError("see: weft --help")
    .configureHelp({ showGlobalOptions: true })
    .enablePositionalOptions(false)
    .exitOverride()
    .addHelpText(
      "after",
      examplesText([
        "npm start",
        "weft run examples/train-own-text.yaml",
        "weft node join http://192.0.2.7:8480/v1/network",
      ]),
    );
  const add = (parent: Command, spec: CommandSpec) => addCommand(parent, spec, outcome);
  addNetworkCommands(program, add);
  addJobCommands(program, add);
  addModelCommands(program, add);
  addOrderCommands(program, add);
  addDisputeCommands(program, add);
  addNodeCommands(program, add);
  addWalletCommands(program, add);
  return program;
}

function seconds(text: string): number {
  const value = Number(text);
  if (!(value >= 0.05 && value <= 60)) throw new InvalidArgumentError("Use a number from 0.05 to 60.");
  return value;
}

/** An address that others can dial, so not 0.0.0.0. */
const maxBudget = () => new Option("--max-budget <amount>", "refuse a job file whose budget is above this");
const yes = () => new Option("--yes", "don't ask");

function addNetworkCommands(program: Command, add: Add): void {
  add(program, {
    usage: "start",
    summary: "start a local network and train a model on it",
    options: [
      new Option("--once", "stop when the job is done; exit 0 if it succeeded"),
      new Option("--corpus <file>", "text to train on (default: this project's own Markdown and TypeScript)"),
      new Option("--quick", "a job of seconds instead of minutes"),
      new Option(
        "--cheat",
        "the provider that wins changes one bit of one weight now and then: see it found, tried and slashed",
      ),
      count("--nodes <n>", "provider nodes (default 5)", { min: 1, max: 32 }),
      count("--chain-port <port>", "port of the development chain (default: a free one)", { min: 1, max: 65_535 }),
      count("--gateway-port <port>", "port of the gateway (default: a free one)", { min: 1, max: 65_535 }),
      new Option("--block-seconds <s>", "seconds between blocks of the development chain (default 0.25)").argParser(
        seconds,
      ),
      ipv4("--address <ip>", "address of this machine under which other machines may join"),
      new Option("--no-job", "only start the network"),
      new Option("--new-job", "buy a job also when an earlier start left the same one undone"),
      yes(),
    ],
    notes:
      "Everything written lies under --home. A second start goes on with what is there, an unfinished job as well.",
    examples: [
      "npm start",
      "npm start -- --once",
      "npm start -- --cheat",
      "weft start --corpus book.txt --quick",
      "weft start --once --json > run.jsonl",
    ],
    run: async (context, _, flags) => (await import("./start/start.ts")).start(context, flags),
  });
  add(program, {
    usage: "gateway",
    summary: "run the buyer's gateway on this home",
    options: [count("--port <port>", "port on 127.0.0.1 (default: a free one)", { min: 1, max: 65_535 })],
    examples: ["weft gateway", "weft gateway --port 8480"],
    run: async (context, _, flags) => (await import("./commands/gateway.ts")).gateway(context, flags),
  });
  add(program, {
    usage: "status",
    summary: "what runs here and how it is",
    examples: ["weft status", "weft status --json"],
    run: async (context) => (await import("./commands/status.ts")).status(context),
  });
  add(program, {
    usage: "reset",
    summary: "end what runs on this home and remove it",
    options: [yes()],
    examples: ["weft reset", "weft reset --yes"],
    run: async (context, _, flags) => (await import("./commands/reset.ts")).reset(context, flags),
  });
}

function addJobCommands(program: Command, add: Add): void {
  add(program, {
    usage: "run <file>",
    summary: "buy the job that a file describes, and follow it",
    options: [maxBudget(), new Option("--detach", "hand it over and return")],
    notes: "Job files: spec/job.schema.json lists every field, examples/ has working ones.",
    examples: ["weft run examples/train-own-text.yaml", "weft run job.yaml --max-budget 0.50 --detach"],
    run: async (context, [file], flags) => (await import("./commands/run.ts")).run(context, file as string, flags),
  });
  add(program, {
    usage: "quote <file>",
    summary: "what a job would cost now; nothing is signed or paid",
    options: [maxBudget()],
    notes: "Exit code 3 when no offer fits.",
    examples: ["weft quote examples/train-own-text.yaml", "weft quote job.yaml --json"],
    run: async (context, [file], flags) => (await import("./commands/quote.ts")).quote(context, file as string, flags),
  });
  add(program, {
    usage: "offers",
    summary: "offers that the gateway knows",
    options: [new Option("--why <job>", "per offer, why it didn't get this job")],
    examples: ["weft offers", "weft offers --why 3f2a --json"],
    run: async (context, _, flags) => (await import("./commands/lists.ts")).offers(context, flags),
  });
  add(program, {
    usage: "leases",
    summary: "leases of this gateway",
    examples: ["weft leases", "weft leases --json"],
    run: async (context) => (await import("./commands/lists.ts")).leases(context),
  });
  const jobs = group(program, {
    name: "jobs",
    summary: "list, re-attach to, and cancel jobs",
    examples: ["weft jobs", "weft jobs attach 3f2a", "weft jobs cancel 3f2a"],
  });
  add(jobs, {
    usage: "list",
    isDefault: true,
    summary: "all jobs of this gateway",
    examples: ["weft jobs", "weft jobs list --json"],
    run: async (context) => (await import("./commands/lists.ts")).jobs(context),
  });
  add(jobs, {
    usage: "attach <id>",
    summary: "follow a job from its beginning, or from an event number",
    options: [
      count("--from <seq>", "first event wanted (default 1)", { min: 1, max: 10_000_000 }),
      new Option("--output <dir>", "save the finished model into this folder"),
    ],
    examples: ["weft jobs attach 3f2a", "weft jobs attach 3f2a --from 120 --json"],
    run: async (context, [id], flags) =>
      (await import("./commands/attach.ts")).attachCommand(context, id as string, flags),
  });
  add(jobs, {
    usage: "cancel <id>",
    summary: "end a job; what was earned until then is paid",
    examples: ["weft jobs cancel 3f2a"],
    run: async (context, [id]) => (await import("./commands/lists.ts")).cancel(context, id as string),
  });
}

function addOrderCommands(program: Command, add: Add): void {
  const orders = group(program, {
    name: "orders",
    summary: "what the gateway signed, and withdrawing it",
    examples: ["weft orders", "weft orders cancel 3f2a", "weft orders cancel --all"],
  });
  add(orders, {
    usage: "list",
    isDefault: true,
    summary: "the orders of each job, and whether they may still open a lease",
    examples: ["weft orders", "weft orders list --json"],
    run: async (context) => (await import("./commands/orders.ts")).orders(context),
  });
  add(orders, {
    usage: "cancel [order]",
    summary: "withdraw a job's orders on the chain, or the one of this hash; no copy of them opens a lease any more",
    options: [new Option("--all", "every order that this wallet signed before now; needs no gateway")],
    notes: "A lease that is open goes on; `weft jobs cancel` ends it.",
    examples: ["weft orders cancel 3f2a", "weft orders cancel --all"],
    run: async (context, [order], flags) => (await import("./commands/orders.ts")).cancelOrders(context, order, flags),
  });
}

function addWalletCommands(program: Command, add: Add): void {
  const wallet = group(program, {
    name: "wallet",
    summary: "the buyer's money, and who may order with it",
    examples: ["weft wallet", "weft wallet deposit 5", "weft wallet revoke"],
  });
  add(wallet, {
    usage: "balance",
    isDefault: true,
    summary: "escrow, reserved and free, and what lies outside it",
    examples: ["weft wallet", "weft wallet balance --json"],
    run: async (context) => (await import("./commands/wallet.ts")).balance(context),
  });
  add(wallet, {
    usage: "address",
    summary: "the buyer's address",
    examples: ["weft wallet address"],
    run: async (context) => (await import("./commands/wallet.ts")).address(context),
  });
  add(wallet, {
    usage: "deposit <amount>",
    summary: "move money into escrow",
    examples: ["weft wallet deposit 5", "weft wallet deposit 0.25 --json"],
    run: async (context, [amount]) => (await import("./commands/wallet.ts")).deposit(context, amount as string),
  });
  add(wallet, {
    usage: "withdraw <amount>",
    summary: "move free escrow out; the first call gives notice, the second pays after the delay",
    options: [new Option("--to <address>", "who receives it (default: the buyer)")],
    examples: ["weft wallet withdraw 1.5"],
    run: async (context, [amount], flags) =>
      (await import("./commands/wallet.ts")).withdraw(context, amount as string, flags),
  });
  add(wallet, {
    usage: "allow [key]",
    summary: "let a gateway's session key order with this wallet, up to a daily cap (default: this home's gateway)",
    options: [
      new Option("--daily-cap <amount>", "most that it may reserve in one UTC day").default("100"),
      count("--days <n>", "how long (default 30)", { min: 1, max: 3650 }).default(30),
    ],
    notes: "Allowing the same key again replaces its cap and its end.",
    examples: ["weft wallet allow", "weft wallet allow --daily-cap 20 --days 7"],
    run: async (context, [key], flags) =>
      (await import("./commands/sessions.ts")).allow(context, key, flags as { dailyCap: string; days: number }),
  });
  add(wallet, {
    usage: "revoke",
    summary: "end every session at once: no gateway orders with this wallet any more",
    notes: "Open leases go on. Use it when a gateway's key may be in other hands.",
    examples: ["weft wallet revoke", "weft wallet revoke --json"],
    run: async (context) => (await import("./commands/sessions.ts")).revoke(context),
  });
}

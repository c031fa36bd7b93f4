// One command of the tree as data, and how it becomes commander's. What it does is loaded when it is called.
import { isIPv4 } from "node:net";
import { type Command, InvalidArgumentError, Option } from "commander";
import { type Context, type GlobalFlags, makeContext } from "./Context.ts";

/** Set by the command that ran; read by main. */
export interface Outcome {
  code: number;
}

type Handler = (context: Context, parameters: string[], flags: Record<string, unknown>) => Promise<number>;

export interface CommandSpec {
  /** "run <file>". */
  usage: string;
  summary: string;
  options?: readonly Option[];
  examples: readonly string[];
  /** Printed between options and examples. */
  notes?: string;
  /** What a group does when no subcommand is named. */
  isDefault?: boolean;
  run: Handler;
}

export type Add = (parent: Command, spec: CommandSpec) => void;

export const examplesText = (examples: readonly string[]): string =>
  `\nExamples:\n${examples.map((example) => `  ${example}`).join("\n")}\n`;

const pathOf = (command: Command): string =>
  command.parent === null ? command.name() : `${pathOf(command.parent)} ${command.name()}`;

export function addCommand(parent: Command, spec: CommandSpec, outcome: Outcome): void {
  const command = parent
    .command(spec.usage, { isDefault: spec.isDefault === true })
    .summary(spec.summary)
    .description(spec.summary)
    .showHelpAfterError(`see: ${pathOf(parent)} ${spec.usage.split(" ")[0]} --help`)
    .addHelpText("after", `${spec.notes === undefined ? "" : `\n${spec.notes}\n`}${examplesText(spec.examples)}`);
  for (const option of spec.options ?? []) command.addOption(option);
  command.action(async (...called: unknown[]) => {
    const parameters = called.slice(0, -2).flat() as string[];
    outcome.code = await spec.run(makeContext(command.optsWithGlobals<GlobalFlags>()), parameters, command.opts());
  });
}

/** A parent that only groups: without a subcommand it runs its default one, else it shows its help. */
export function group(
  program: Command,
  named: { name: string; summary: string; examples: readonly string[] },
): Command {
  return program
    .command(named.name)
    .summary(named.summary)
    .description(named.summary)
    .showHelpAfterError(`see: ${pathOf(program)} ${named.name} --help`)
    .addHelpText("after", examplesText(named.examples));
}

/** Integer option within bounds. */
export function count(flags: string, description: string, bounds: { min: number; max: number }): Option {
  return new Option(flags, description).argParser((text) => {
    const value = Number(text);
    if (!Number.isInteger(value) || value < bounds.min || value > bounds.max)
      throw new InvalidArgumentError(`Use a whole number from ${bounds.min} to ${bounds.max}.`);
    return value;
  });
}

/** Option whose text `read` understands; undefined says that it doesn't. */
export function readOption<T>(
  flags: string,
  description: string,
  { read, wanted }: { read: (text: string) => T | undefined; wanted: string },
): Option {
  return new Option(flags, description).argParser((text) => {
    const value = read(text);
    if (value === undefined) throw new InvalidArgumentError(wanted);
    return value;
  });
}

/** Option that takes an address of this machine. */
export function ipv4(flags: string, description: string): Option {
  return new Option(flags, description).argParser((text) => {
    if (!isIPv4(text) || text === "0.0.0.0") throw new InvalidArgumentError("Use an IPv4 address of this machine.");
    return text;
  });
}

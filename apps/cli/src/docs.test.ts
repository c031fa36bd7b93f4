import assert from "node:assert/strict";
import { accessSync, constants, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { presetOf } from "@weft/compute/tensor/jobProgram";
import type { Command } from "commander";
import { repositoryRoot } from "./Home.ts";
import { parseJobFile } from "./job/readJobFile.ts";
import { buildProgram } from "./program.ts";
import { grouped } from "./render/figures.ts";

/** The complaint about a command line in the docs, or undefined when the command tree knows all of it. */
function complaint(program: Command, line: string): string | undefined {
  const words = line.split(/\s+/).slice(1);
  let command = program;
  while (words.length > 0 && command.commands.length > 0) {
    const next = command.commands.find((candidate) => candidate.name() === words[0]);
    if (next === undefined) return `${line}: no command ${words[0]}`;
    command = next;
    words.shift();
  }
  // Commander keeps the name of what a bare group runs in this field; there is no public one.
  const runsBare = Reflect.get(command, "_defaultCommandName") !== null && !words[0]?.match(/^[a-z]/);
  if (command.commands.length > 0 && !runsBare) return `${line}: not a whole command`;
  const options = [...command.options, ...program.options];
  const unknown = words.find((word) => word.startsWith("--") && !options.some(({ long }) => long === word));
  return unknown === undefined ? undefined : `${line}: no option ${unknown}`;
}

const linesOf = (path: string, pattern: RegExp): string[] =>
  [...readFileSync(join(repositoryRoot, path), "utf8").matchAll(pattern)].map((match) => match[1] as string);

test("every command line in docs/cli.md and in the helps' examples exists with its options", () => {
  const program = buildProgram({ code: 0 });
  const documented = ["cli", "train-your-own"].flatMap((page) => linesOf(`docs/${page}.md`, /^\$ (weft .*)$/gm));
  const examples = ["program", "modelCommands", "disputeCommands", "nodeCommands"]
    .flatMap((name) => linesOf(`apps/cli/src/${name}.ts`, /"(weft [a-z][^"]*)"/g))
    .map((line) => line.split(" > ")[0] as string);
  assert.ok(documented.length >= 20 && examples.length >= 25);
  const complaints = [...documented, ...examples]
    .map((line) => complaint(program, line))
    .filter((text) => text !== undefined);
  assert.deepEqual(complaints, []);
  assert.ok(
    complaint(program, "weft frobnicate") &&
      complaint(program, "weft node") &&
      complaint(program, "weft jobs frobnicate") &&
      complaint(program, "weft status --loud"),
  );
});

test("the alias of the guide is a program that can be called from every folder", () => {
  const [, alias = ""] =
    /^alias weft="\$PWD\/(.*)"$/m.exec(readFileSync(join(repositoryRoot, "docs/train-your-own.md"), "utf8")) ?? [];
  const path = join(repositoryRoot, alias);
  accessSync(path, constants.X_OK);
  assert.match(readFileSync(path, "utf8"), /^#!\/usr\/bin\/env node\n/);
});

test("a model's path in README, docs, helps and remedies is one that a job file of README and guide leaves", () => {
  const example = join(repositoryRoot, "examples/train-shakespeare.yaml");
  const { name, output } = parseJobFile(example, readFileSync(example, "utf8")).job;
  const left = [`${output}/${name}`, "weft-out/shakespeare-bpe"];
  const pages = ["README.md", "docs/cli.md", "docs/train-your-own.md"];
  const sources = ["modelCommands", "model/openModelFile"].map((source) => `apps/cli/src/${source}.ts`);
  const named = [...pages, ...sources].flatMap((path) => linesOf(path, /(weft-out\/[\w./-]+)\.safetensors/g));
  assert.ok(named.length >= 20, `${named.length}`);
  assert.deepEqual(
    named.filter((path) => !left.includes(path)),
    [],
  );
});

test("the job files of docs/train-your-own.md are job files, and the plan it shows is theirs", () => {
  const text = readFileSync(join(repositoryRoot, "docs/train-your-own.md"), "utf8");
  const files = [...text.matchAll(/^```yaml\n(.*?)^```$/gms)].map(([, yaml = ""]) => parseJobFile("page", yaml).job);
  assert.deepEqual(
    files.map(({ name }) => name),
    ["shakespeare", "shakespeare-bpe"],
  );
  const { totalSteps, batch, model } = presetOf(files[0]!.program);
  assert.match(text, new RegExp(`training {2}${totalSteps} steps of ${grouped(batch * model.context)} tokens`));
});

test("every command has its place in docs/cli.md", () => {
  const text = readFileSync(join(repositoryRoot, "docs/cli.md"), "utf8");
  const leaves = buildProgram({ code: 0 }).commands.flatMap((command) =>
    command.commands.length === 0 ? [command.name()] : command.commands.map((sub) => `${command.name()} ${sub.name()}`),
  );
  const absent = leaves.filter((name) => !text.includes(`weft ${name}`));
  assert.deepEqual(absent, []);
});

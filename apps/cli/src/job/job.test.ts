import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import {
  existsSync,
  globSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { hasCode, WeftError } from "@weft/protocol/Errors";
import { maxCorpusBytes } from "@weft/protocol/generated/params";
import { repositoryRoot } from "../Home.ts";
import { contentIdOf, maxOwnCorpusBytes, ownCorpus, readCorpus, writeOwnCorpus } from "./corpus.ts";
import { parseJobFile, readJobFile } from "./readJobFile.ts";

const folder = mkdtempSync(join(tmpdir(), "weft-cli-job-"));
after(() => rmSync(folder, { recursive: true, force: true }));

function messageOf(text: string): string {
  try {
    parseJobFile("job.yaml", text);
  } catch (error) {
    assert.ok(hasCode(error, "job.file"), String(error));
    return error.message;
  }
  assert.fail("the file was accepted");
}

test("every example is a valid job file and its corpus, where it ships with the project, exists", () => {
  const paths = globSync("examples/*.yaml", { cwd: repositoryRoot });
  assert.ok(paths.length >= 3);
  for (const path of paths) assert.equal(typeof readJobFile(join(repositoryRoot, path)).job.name, "string", path);
});

test("complaints name file, line, column, field, limit and remedy", () => {
  assert.equal(
    messageOf("name: a\nkind: train-lm\nprogram:\n  steps: 0\n"),
    "job.yaml:4:10: program.steps is 0, which does not fit; use an integer from 1 to 10000000 (Training steps in all)",
  );
  assert.match(messageOf("name: a\nkind: cook\n"), /^job\.yaml:2:7: kind is "cook", .*train-lm/);
  assert.match(
    messageOf("name: a\nkind: train-lm\npay:\n  budgets: 3\n"),
    /^job\.yaml:4:3: pay\.budgets is not a field/,
  );
  assert.match(messageOf("kind: train-lm\n"), /^job\.yaml:1:1: name is missing; use 1 to 64 letters/);
  assert.match(
    messageOf("name: a\nkind: train-lm\nplacement:\n  allow:\n    - 0x12\n"),
    /^job\.yaml:5:7: placement\.allow\.0 /,
  );
});

test("several problems are all told, one per line", () => {
  const lines = messageOf("name: '-'\nkind: train-lm\ntier: gold\nextra: 1\n").split("\n");
  assert.equal(lines.length, 4);
  assert.deepEqual(
    lines.map((line) => line.split(": ")[0]),
    ["job.yaml:1:7", "job.yaml:3:7", "job.yaml:4:1", "job.yaml"],
  );
});

test("one line a mistake, in a person's words, and nothing else is printed", () => {
  const warned: unknown[] = [];
  const listen = (warning: unknown) => void warned.push(warning);
  process.on("warning", listen);
  const base = "name: a\nkind: train-lm\n";
  assert.match(messageOf(`${base}program: { seed: 1e23 }\n`), /^job\.yaml:3:18: program\.seed is 1e\+23[^\n]*$/);
  assert.match(messageOf(`${base}---\n${base}`), /^job\.yaml:3:1: a second document begins here; keep one job a file$/);
  assert.match(messageOf(`${base}? {a: 1}\n: 2\n`), /^job\.yaml:1:1: \{ a: 1 \} is not a field/);
  process.removeListener("warning", listen);
  assert.deepEqual(warned, []);
});

test("what isn't YAML, isn't a mapping, or unfolds without end is refused with a place", () => {
  assert.match(messageOf("name: a\nkind: [\n"), /^job\.yaml:3:1: Flow sequence/);
  assert.match(
    messageOf("name: a\nname: b\nkind: train-lm\n"),
    /^job\.yaml:2:1: name is given twice, first in line 1; keep one$/m,
  );
  assert.match(
    messageOf("name: a\npay:\n  budget: 1\n  mode: voucher\n  budget: 2\n"),
    /^job\.yaml:5:3: pay\.budget is given twice, first in line 3; keep one$/m,
  );
  assert.match(messageOf("- 1\n"), /^job\.yaml:1:1: \(file\) is not a mapping/);
  assert.match(messageOf(""), /^job\.yaml:1:1: /);
  const bomb = [
    "a: &a [x, x, x, x, x, x, x, x, x]",
    ...[..."bcdefg"].map((letter, index) => `${letter}: &${letter} [${`*${"abcdefg"[index]},`.repeat(9)}]`),
  ];
  assert.match(messageOf(`${bomb.join("\n")}\n`), /alias/);
});

test("the data that travels is what the file says, not what was filled in", () => {
  const { job, data } = parseJobFile("job.yaml", "name: a\nkind: train-lm\nduration: 2m\n");
  assert.deepEqual(data, { name: "a", kind: "train-lm", duration: "2m" });
  assert.equal(job.duration, 120);
  assert.doesNotThrow(() => JSON.stringify(data));
});

test("a job file that is missing, a folder or far too big is one clear error", () => {
  assert.throws(
    () => readJobFile(join(folder, "none.yaml")),
    (error) => hasCode(error, "file.enoent"),
  );
  assert.throws(
    () => readJobFile(folder),
    (error) => hasCode(error, "file.eisdir"),
  );
  writeFileSync(join(folder, "big.yaml"), "x".repeat(70_000));
  assert.throws(
    () => readJobFile(join(folder, "big.yaml")),
    (error) => hasCode(error, "job.file"),
  );
});

test("a corpus is refused by what is wrong with it", () => {
  const write = (name: string, content: string | Uint8Array) => {
    writeFileSync(join(folder, name), content);
    return join(folder, name);
  };
  const refused = (path: string, code: string) =>
    assert.throws(
      () => readCorpus(path),
      (error) => {
        assert.ok(hasCode(error, code), `${code}: ${error}`);
        assert.ok(error.remedy);
        return true;
      },
    );
  refused(join(folder, "absent.txt"), "corpus.missing");
  refused(folder, "corpus.folder");
  refused(write("empty.txt", ""), "corpus.empty");
  refused(write("small.txt", "too small"), "corpus.small");
  refused(write("same.txt", "a".repeat(5000)), "corpus.empty");
  refused(write("binary.txt", new Uint8Array(5000).fill(1, 0, 4999)), "corpus.binary");
  const large = write("large.txt", "");
  truncateSync(large, maxCorpusBytes + 1);
  refused(large, "corpus.large");
  assert.equal(readCorpus(write("good.txt", "to be or not ".repeat(400))).length, 5200);
});

test("content id is the SHA-256 of the bytes", () => {
  const abc = new TextEncoder().encode("abc");
  assert.equal(contentIdOf(abc), "0xba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
});

test("own text: tracked Markdown and TypeScript in byte order, bounded, the same every time", () => {
  const tree = join(folder, "tree");
  mkdirSync(join(tree, "b"), { recursive: true });
  mkdirSync(join(tree, "generated"));
  const filler = "some words to fill a file with ".repeat(100);
  writeFileSync(join(tree, "b", "two.ts"), `two ${filler}`);
  writeFileSync(join(tree, "Z.md"), `zed ${filler}`);
  writeFileSync(join(tree, "generated", "no.ts"), "generated");
  writeFileSync(join(tree, "untracked.md"), "untracked");
  writeFileSync(join(tree, "other.json"), "{}");
  const git = (...words: string[]) => execFileSync("git", words, { cwd: tree, stdio: "ignore" });
  git("init", "-q");
  git("add", "b", "Z.md", "generated", "other.json");
  const text = new TextDecoder().decode(ownCorpus(tree));
  assert.equal(text, `zed ${filler}two ${filler}`);

  writeFileSync(join(tree, "b", "very-large.ts"), "x".repeat(maxOwnCorpusBytes));
  git("add", "b");
  assert.equal(new TextDecoder().decode(ownCorpus(tree)), text, "whole files up to the bound");
});

test("this repository's own text is a usable corpus, with or without git", () => {
  const bytes = ownCorpus(repositoryRoot);
  assert.ok(bytes.length > 50_000 && bytes.length <= maxOwnCorpusBytes);
  assert.deepEqual(ownCorpus(repositoryRoot), bytes);
  const { path } = writeOwnCorpus(repositoryRoot, join(folder, "corpus"));
  assert.deepEqual(readCorpus(path), bytes);
});

test("a full disk is named as such and leaves no half-written corpus", {
  skip: existsSync("/dev/full") ? false : "no /dev/full",
}, () => {
  const full = join(folder, "full");
  mkdirSync(full);
  symlinkSync("/dev/full", join(full, "own.txt.part"));
  assert.throws(
    () => writeOwnCorpus(repositoryRoot, full),
    (error) => error instanceof WeftError && error.code === "file.enospc" && /the disk is full/.test(error.message),
  );
  assert.equal(existsSync(join(full, "own.txt")), false);
  assert.ok(readFileSync(join(repositoryRoot, "package.json")).length > 0);
});

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { homeAt, repositoryRoot } from "./Home.ts";
import { isAlive, type ProcessRecord, recordOf, signal } from "./process/processMark.ts";
import { lockHome, writeRecord } from "./process/RunFolder.ts";
import { buildProgram } from "./program.ts";
import { type Ended, runCli } from "./runCli.fixture.ts";

const folder = mkdtempSync(join(tmpdir(), "weft-cli-"));
const started: ProcessRecord[] = [];
after(() => {
  for (const record of started) signal(record, "SIGKILL");
  rmSync(folder, { recursive: true, force: true });
});

/** Runs the command line as a person would, in an empty folder with a home of its own. */
function weft(
  words: readonly string[],
  options: { home?: string; environment?: Record<string, string>; cwd?: string } = {},
): Promise<Ended> {
  const home = options.home ?? join(folder, "none", ".weft");
  return runCli(words, { cwd: options.cwd ?? folder, environment: { WEFT_HOME: home, ...options.environment } });
}

const lastJson = (out: string) =>
  JSON.parse(out.trim().split("\n").at(-1) ?? "") as Record<string, unknown> & { error?: { code?: string } };
const noStack = (ended: Ended) => assert.doesNotMatch(ended.err + ended.out, /\n\s+at .*:\d+:\d+/);

test("every command's help ends with examples", () => {
  const program = buildProgram({ code: 0 });
  const all = program.commands.flatMap((command) => [command, ...command.commands]);
  assert.ok(all.length >= 25, `${all.length} commands`);
  for (const command of [program, ...all]) {
    let help = "";
    command.configureOutput({ writeOut: (text) => (help += text) });
    command.outputHelp();
    assert.match(help, /\nExamples:\n {2}(weft|npm) /, command.name());
  }
});

test("help is printed on standard output with exit 0", async () => {
  const ended = await weft(["start", "--help"]);
  assert.equal(ended.code, 0);
  assert.match(ended.out, /Usage: weft start .*--corpus <file>.*weft start --corpus book\.txt --quick/s);
  assert.equal(ended.err, "");
});

test("wrong calls: one line, a pointer to the help, exit 2", async () => {
  const calls: [string[], RegExp][] = [
    [["frobnicate"], /unknown command 'frobnicate'/],
    [["start", "--nodes", "99"], /whole number from 1 to 32.*\nsee: weft start --help\n/],
    [["start", "--chain-port", "0"], /whole number from 1 to 65535/],
    [["offers", "--colour"], /unknown option '--colour'\nsee: weft offers --help\n/],
    [["orders", "cancel", "--loud"], /see: weft orders cancel --help\n/],
    [["run"], /missing required argument 'file'/],
    [["jobs", "attach", "x", "--from", "-1"], /whole number/],
    [["jobs", "frobnicate"], /too many arguments|unknown command/],
    [["wallet", "deposit", "abc"], /"abc" is not an amount\n {2}remedy: /],
    [["wallet", "deposit", "0"], /"0" is nothing\n {2}remedy: /],
    [["orders", "cancel"], /name one order, or say --all\n {2}remedy: /],
    [["orders", "cancel", "job-1", "--all"], /name one order, or say --all/],
  ];
  const ended = await Promise.all(calls.map(([words]) => weft(words)));
  for (const [index, [words, message]] of calls.entries()) {
    const end = ended[index] as Ended;
    assert.equal(end.code, 2, words.join(" "));
    assert.match(end.err, message);
    noStack(end);
  }
});

test("--json: a failure too ends with a summary on standard output", async () => {
  const ended = await Promise.all([
    weft(["leases", "--json"]),
    weft(["--json", "nonsense"]),
    weft(["run", "none.yaml", "--json"]),
  ]);
  const codes = ["gateway.none", "cli.usage", "file.enoent"];
  for (const [index, end] of ended.entries()) {
    assert.notEqual(end.code, 0);
    const summary = lastJson(end.out);
    assert.deepEqual([summary["kind"], summary["ok"], summary.error?.code], ["summary", false, codes[index]]);
  }
});

test("a corpus that can't be used stops before anything is started", async () => {
  writeFileSync(join(folder, "empty.txt"), "");
  writeFileSync(join(folder, "short.txt"), "short");
  const home = join(folder, "corpus", ".weft");
  const calls: [string, RegExp][] = [
    ["absent.txt", /there is no corpus at .*absent\.txt\n {2}remedy: /],
    ["empty.txt", /the corpus .*empty\.txt is empty\n {2}remedy: /],
    ["short.txt", /has 5 bytes, at least 4096 are needed\n {2}remedy: /],
    [".", /is not a file\n {2}remedy: /],
  ];
  const ended = await Promise.all(calls.map(([path]) => weft(["start", "--once", "--corpus", path], { home })));
  for (const [index, [, message]] of calls.entries()) {
    assert.equal(ended[index]?.code, 1);
    assert.match(ended[index]?.err ?? "", message);
    noStack(ended[index] as Ended);
  }
  assert.equal(existsSync(home), false, "nothing was written");
});

test("a bad job file: file, line, column, field, limit, remedy", async () => {
  const path = join(folder, "bad.yaml");
  writeFileSync(path, "name: bad\nkind: train-lm\nprogram:\n  batch: 100000\n");
  const ended = await weft(["run", "bad.yaml"]);
  assert.equal(ended.code, 1);
  assert.match(ended.err, /bad\.yaml:4:10: program\.batch is 100000, .* from 1 to 65536/);
  assert.match(ended.err, /\n {2}remedy: /);
  noStack(ended);
});

test("a hard cap in the call is stronger than the file's budget", async () => {
  const file = join(repositoryRoot, "examples/train-own-text.yaml");
  const ended = await weft(["run", file, "--max-budget", "0.10"]);
  assert.equal(ended.code, 1);
  assert.match(ended.err, /the job's budget is 1, above the cap 0\.1\n/);
});

test("a gateway that isn't there or has a strange address", async () => {
  const tokenFile = join(folder, "token");
  writeFileSync(tokenFile, "x");
  const [away, strange] = await Promise.all([
    weft(["offers", "--gateway", "http://127.0.0.1:9", "--token-file", tokenFile]),
    weft(["offers", "--gateway", "localhost", "--token-file", tokenFile]),
  ]);
  assert.match(away.err, /no gateway answers|broke off/);
  assert.match(strange.err, /"localhost" is not a gateway's address\n {2}remedy: write a URL/);
  assert.deepEqual([away.code, strange.code], [1, 2]);
});

test("a taken port: one clear line, exit 1, nothing left running", async () => {
  const server = createServer();
  const port = await new Promise<number>((resolve) =>
    server.listen({ port: 0, host: "127.0.0.1" }, () => resolve((server.address() as { port: number }).port)),
  );
  const home = join(folder, "port", ".weft");
  const [chain, gateway] = [
    await weft(["start", "--no-job", "--chain-port", String(port)], { home }),
    await weft(["start", "--no-job", "--gateway-port", String(port)], { home }),
  ];
  server.close();
  assert.match(chain.err, new RegExp(`port ${port} for the chain is taken\n {2}remedy: `));
  assert.match(gateway.err, new RegExp(`port ${port} for the gateway is taken\n {2}remedy: `));
  assert.deepEqual([chain.code, gateway.code], [1, 1]);
  const status = await weft(["status", "--json"], { home });
  assert.equal(lastJson(status.out)["running"], false);
});

test("a chain's state that is cut off: one clear line, no stack, nothing left running", async () => {
  const home = join(folder, "cut");
  mkdirSync(join(home, "chain"), { recursive: true });
  writeFileSync(join(home, "chain", "state.json"), '{"block":{"number":"0x1","base');
  const ended = await weft(["start", "--no-job"], { home });
  assert.equal(ended.code, 1);
  assert.match(ended.err, /^weft: chain: the development chain's state .*state\.json is cut off\n/m);
  assert.match(ended.err, /remedy: begin anew with `weft reset`/);
  noStack(ended);
});

test("two starts on one home: the second is refused and told by whom", async () => {
  const home = homeAt(join(folder, "two", ".weft"));
  const lock = await lockHome(home);
  writeRecord(home, "start", process.pid);
  const ended = await weft(["start", "--no-job"], { home: home.root });
  lock.release();
  assert.equal(ended.code, 1);
  assert.match(ended.err, new RegExp(`another weft start uses .*\n {2}pid {2}${process.pid}\n {2}remedy: `));
});

test("a full disk is said in one line", { skip: existsSync("/dev/full") ? false : "no /dev/full" }, async () => {
  const home = join(folder, "full", ".weft");
  mkdirSync(join(home, "corpus"), { recursive: true });
  symlinkSync("/dev/full", join(home, "corpus", "own.txt.part"));
  const ended = await weft(["start", "--once"], { home });
  assert.equal(ended.code, 1);
  assert.match(ended.err, /cannot write .*own\.txt: the disk is full\n {2}remedy: free some space/);
  noStack(ended);
});

test("reset: asks for a yes, ends what it started and nothing else, removes the home", async () => {
  const home = homeAt(join(folder, "reset", ".weft"));
  const sleepers = [0, 1].map(() => {
    const child = spawn("sleep", ["300"], { stdio: "ignore" });
    const record = recordOf("node-1", child.pid as number) as ProcessRecord;
    started.push(record);
    return record;
  }) as [ProcessRecord, ProcessRecord];
  writeRecord(home, "node-1", sleepers[0].pid);
  // As after a reboot: the pid is somebody else's by now.
  writeFileSync(join(home.run, "node-2.json"), JSON.stringify({ ...sleepers[1], role: "node-2", mark: "1" }));

  const unasked = await weft(["reset"], { home: home.root });
  assert.equal(unasked.code, 1);
  assert.match(unasked.err, /is not removed without a yes\n {2}remedy: add --yes/);
  assert.ok(isAlive(sleepers[0]));

  const done = await weft(["reset", "--yes", "--json"], { home: home.root });
  assert.equal(done.code, 0, done.err);
  assert.deepEqual(lastJson(done.out), { kind: "summary", ok: true, removed: true, ended: ["node-1"] });
  assert.equal(isAlive(sleepers[0]), false);
  assert.equal(isAlive(sleepers[1]), true);
  assert.equal(existsSync(home.root), false);
});

test("reset refuses a folder that isn't a home", async () => {
  const precious = join(folder, "precious");
  mkdirSync(precious);
  writeFileSync(join(precious, "thesis.txt"), "years of work");
  const ended = await weft(["reset", "--yes", "--home", precious]);
  assert.equal(ended.code, 1);
  assert.match(ended.err, /holds "thesis\.txt", which is not of Weft's making/);
  assert.equal(readFileSync(join(precious, "thesis.txt"), "utf8"), "years of work");
});

test("joining: what isn't a network file, or isn't there, is said plainly", async () => {
  writeFileSync(join(folder, "network.json"), "{}");
  const home = join(folder, "join", ".weft");
  const [absent, empty, away] = await Promise.all([
    weft(["node", "join", "absent.json"], { home }),
    weft(["node", "join", "network.json"], { home }),
    weft(["node", "join", "http://127.0.0.1:9/v1/network"], { home }),
  ]);
  assert.match(absent.err, /cannot read .*absent\.json: it does not exist/);
  assert.match(empty.err, /network\.json is not a network file/);
  assert.match(away.err, /no network file at http:\/\/127\.0\.0\.1:9/);
  for (const end of [absent, empty, away]) {
    assert.equal(end.code, 1);
    assert.match(end.err, /remedy: /);
    noStack(end);
  }
});

test("status works where nothing runs", async () => {
  const ended = await weft(["status"]);
  assert.equal(ended.code, 0);
  assert.match(ended.out, /^home .*\nnothing runs here; start a network with: npm start\n/);
});

// A second machine joins a network: two network namespaces with addresses of their own stand for two machines, and all
// that passes between them passes over the cable. Said here: what the first machine opens to the second and what it
// doesn't, what the second one needs (an address or a file), that it is bought from and paid like the others, and what
// a person reads when something is wrong.
import assert from "node:assert/strict";
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import * as NetworkFile from "@weft/chain/NetworkFile";
import { type Listener, listenersOf } from "./listeners.ts";
import { type Ended, type Machine, machineIn, type Running } from "./Machine.ts";
import { type Cable, layCable, namespacesWork } from "./namespaces.ts";

const possible = namespacesWork();
const options = { skip: possible ? false : "network namespaces can't be made here", timeout: 600_000 };
const folder = mkdtempSync(join(tmpdir(), "weft-second-machine-"));
const home = (name: string): string => join(folder, name, ".weft");
const [homeA, homeB] = [home("a"), home("b")];
let cable: Cable | undefined;
let [A, B] = [] as unknown as [Machine, Machine];
let network: Running;
let joined: Running;
let bought: Running;
let url = "";
let member = { nodeId: "", owner: "" };

async function end(): Promise<void> {
  await Promise.all([B?.stop(), A?.stop()]);
  cable?.remove();
  rmSync(folder, { recursive: true, force: true });
}

before(() => {
  if (!possible) return;
  for (const name of ["a", "b"]) mkdirSync(join(folder, name));
  cable = layCable(["10.77.0.1", "10.77.0.2"]);
  A = machineIn(cable.first, join(folder, "a"));
  B = machineIn(cable.second, join(folder, "b"));
  // The test runner ends a file that takes too long this way.
  process.once("SIGTERM", () => void end().then(() => process.exit(1)));
});
after(end);

const start = (words: readonly string[]): Running => A.begin(["start", "--no-job", "--home", homeA, ...words]);
const isUp = /^the network stays up/;
const local = ({ address }: Listener) => /^127\./.test(address) || /^0{24}01000000$/.test(address);
const portsOf = (root: string) =>
  JSON.parse(readFileSync(join(root, "ports.json"), "utf8")) as { door: number; nodes: number[] };
const jsonLines = (text: string) =>
  text
    .split("\n")
    .filter((line) => line.startsWith("{"))
    .map((line) => JSON.parse(line) as Record<string, unknown>);
const offering = async (): Promise<unknown[]> => {
  const { out } = await A.run(["offers", "--json", "--home", homeA]);
  return jsonLines(out)
    .filter(({ kind }) => kind === "offer")
    .map(({ nodeId }) => nodeId);
};

interface Pay {
  nodeId: string;
  role: string;
  amount: string;
}

/** What an account has, by the chain as the first machine sees it. */
async function holdings(account: string): Promise<Record<string, string>> {
  const script = join(import.meta.dirname, "balances.ts");
  const { code, out, err } = await A.run([join(homeA, "network.json"), account], { script });
  assert.equal(code, 0, err);
  return JSON.parse(out) as Record<string, string>;
}

/** Until the gateway of A knows an offer of the node; a bounded number of looks, each a process of a second or more. */
async function untilOffered(nodeId: string): Promise<void> {
  for (let look = 0; look < 60; look++) if ((await offering()).includes(nodeId)) return;
  assert.fail(`no offer of ${nodeId} reached the gateway`);
}

/** One clear line, a remedy, no stack trace, exit 1. */
function refused(ended: Ended, message: RegExp): void {
  assert.equal(ended.code, 1, ended.out + ended.err);
  assert.match(ended.err.split("\n")[0] ?? "", message);
  assert.match(ended.err, /\n {2}remedy: \S/);
  assert.doesNotMatch(ended.err + ended.out, /\n\s+at .*:\d+:\d+/);
}

test("second machine: without --address, nothing is open to other machines", options, async () => {
  const alone = start(["--nodes", "1"]);
  await alone.line(isUp);
  const found = listenersOf(alone.pid, homeA);
  assert.ok(found.length >= 4, "chain, gateway's API, gateway and node listen somewhere");
  assert.deepEqual(
    found.filter((listener) => !local(listener)),
    [],
  );
  assert.equal((await alone.interrupt()).code, 0);
});

test(
  "second machine: with --address, only the door and the peers' ports are open, on that address",
  options,
  async () => {
    network = start(["--nodes", "2", "--address", A.address]);
    const line = await network.line(/^other machines join with: weft node join /);
    url = line.split(" ").at(-1) as string;
    await network.line(isUp);
    const ports = portsOf(homeA);
    assert.equal(url, `http://${A.address}:${ports.door}/v1/network`);
    const open = listenersOf(network.pid, homeA).filter((listener) => !local(listener));
    assert.ok(open.every(({ address, protocol }) => address === A.address && protocol === "tcp"));
    assert.deepEqual(open.map(({ role }) => role).sort(), ["chain", "gateway", "node-1", "node-2"]);
    const portOf = (role: string) => open.find((listener) => listener.role === role)?.port;
    assert.deepEqual([portOf("chain"), portOf("node-1"), portOf("node-2")], [ports.door, ...ports.nodes.slice(0, 2)]);
  },
);

test("second machine: a wrong file or address is one clear line, and nothing is written", options, async () => {
  const bytes = readFileSync(join(homeA, "network.json"), "utf8");
  const file = NetworkFile.parse(bytes, "network.json");
  const elsewhere = { ...file, rpcUrl: new URL(url).origin, genesisHash: `0x${"1".repeat(64)}` as const };
  const files: Record<string, string> = {
    "cut.json": bytes.slice(0, 400),
    "tampered.json": bytes.replace(file.contracts.market.slice(2), file.contracts.audits.slice(2)),
    "own.json": bytes,
    "other.json": NetworkFile.encode({ ...elsewhere, networkId: NetworkFile.networkIdOf(elsewhere) }),
  };
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, "b", name), text);
  const cases: [string, RegExp][] = [
    ["absent.json", /cannot read .*absent\.json: it does not exist/],
    ["cut.json", /cut\.json is not a network file/],
    ["tampered.json", /tampered\.json contradicts itself/],
    // It names 127.0.0.1: right on the first machine only.
    ["own.json", /the network's chain doesn't answer at http:\/\/127\.0\.0\.1:/],
    ["other.json", /leads to another chain than the network file means/],
    [url.replace("/network", "/elsewhere"), /no network file at http/],
    [`http://${A.address}:20009/v1/network`, /no network file at http/],
    ["http://10.77.0.9:8480/v1/network", /no network file at http/],
  ];
  for (let at = 0; at < cases.length; at += 2)
    await Promise.all(
      cases.slice(at, at + 2).map(async ([source, message]) => {
        const words = ["node", "join", source, "--home", home("never")];
        refused(await B.run(words), message);
      }),
    );
  assert.equal(existsSync(home("never")), false);
});

test("second machine: it joins by URL with money from the door, and its offer arrives", options, async () => {
  joined = B.begin(["node", "join", url, "--home", homeB, "--price", "0.90", "--json"]);
  member = JSON.parse(await joined.line(/"kind":"registered"/)) as typeof member;
  await joined.line(/"kind":"ready"/);
  await untilOffered(member.nodeId);
  const open = listenersOf(joined.pid, homeB).filter((listener) => !local(listener));
  assert.deepEqual(
    open.map(({ role, address, protocol }) => ({ role, address, protocol })),
    [{ role: "self", address: B.address, protocol: "tcp" }],
    "the joined node opens its peer port and no more",
  );
});

test("second machine: a job placed on it runs there, held by the others", options, async () => {
  const [program, pay] = [
    { preset: "quick", steps: 200, stepsPerSegment: 50 },
    { maxPricePerHour: "1.00", budget: "0.50" },
  ];
  const job = { name: "elsewhere", kind: "train-lm", program, pay, placement: { allow: [member.nodeId] } };
  writeFileSync(
    join(folder, "a", "job.yaml"),
    JSON.stringify({ ...job, mechanism: "reverseAuction", auctionMs: 2000 }),
  );
  const others = new Set((await offering()).filter((nodeId) => nodeId !== member.nodeId));
  bought = A.begin(["run", "job.yaml", "--home", homeA, "--json"]);
  const lease = JSON.parse(await bought.line(/"kind":"lease"/)) as { nodeId: string };
  assert.equal(lease.nodeId, member.nodeId);
  await bought.line(/"segment":3,.*"kind":"paid"/);
  const segments = jsonLines(bought.out()).filter(({ kind }) => kind === "segment");
  assert.deepEqual(
    segments.map(({ segment }) => segment),
    [0, 1, 2, 3],
  );
  for (const { holders } of segments as unknown as { holders: string[] }[])
    assert.ok(holders.length > 0 && holders.every((nodeId) => others.has(nodeId)), `held by ${holders}`);
});

test("second machine: another one joins from the network's file, and gets money once", options, async () => {
  const words = ["node", "join", "own.json", "--rpc", new URL(url).origin, "--home", home("c"), "--json"];
  const first = B.begin(words);
  const known = JSON.parse(await first.line(/"kind":"registered"/)) as typeof member;
  await first.line(/"kind":"ready"/);
  assert.notEqual(known.nodeId, member.nodeId);
  await untilOffered(known.nodeId);
  assert.equal((await first.interrupt()).code, 0);
  const had = await holdings(known.owner);
  const again = B.begin(words);
  assert.equal((JSON.parse(await again.line(/"kind":"registered"/)) as typeof member).nodeId, known.nodeId);
  assert.deepEqual(await holdings(known.owner), had, "neither paid nor given anything twice");
  await again.interrupt();
});

test("second machine: it is paid for the job, on the chain", options, async () => {
  const ended = await bought.ended;
  assert.equal(ended.code, 0, ended.out.slice(-3000) + ended.err);
  const done = jsonLines(ended.out).find(({ kind }) => kind === "done") as unknown as { paid: Pay[] };
  const pays = done.paid.filter(({ role }) => role === "provider");
  assert.deepEqual(
    pays.map(({ nodeId }) => nodeId),
    [member.nodeId],
  );
  const [amount = "0"] = pays.map((pay) => pay.amount);
  assert.ok(BigInt(amount) > 0n);
  assert.equal((await holdings(member.owner))["earned"], amount, "what the buyer is told is what the owner has");
  assert.equal((await joined.interrupt()).code, 0);
});

test(
  "second machine: another chain behind the same address is noticed; without a faucet it says what to fund",
  options,
  async () => {
    assert.equal((await network.interrupt()).code, 0);
    const { door } = portsOf(homeA);
    cpSync(join(homeA, "network.json"), join(folder, "before.json"));
    const words = [join(folder, "other"), A.address, String(door), join(folder, "before.json")];
    const other = A.begin(words, { script: join(import.meta.dirname, "otherChain.ts") });
    await other.line(/^ready$/);
    const [byUrl, again, unfunded] = [
      await B.run(["node", "join", url, "--home", home("never")]),
      await B.run(["node", "run", "--home", homeB]),
      await B.run(["node", "join", join(folder, "other", "network.json"), "--home", home("d")]),
    ];
    refused(byUrl, /leads to another chain than the network file means/);
    refused(again, /leads to another chain than the network file means/);
    refused(unfunded, /this network has no faucet; these accounts must be funded first/);
    for (const line of [
      /\n {2}owner of self 0x[0-9a-f]{40} \(gas\) +0\.\d+ of the chain's own coin/i,
      /\n {2}owner of self 0x[0-9a-f]{40} \(weft\) +1020 WEFT/i,
      /\n {2}owner of self 0x[0-9a-f]{40} \(stable\) +10 of the stablecoin/i,
      /\n {2}operator of self 0x[0-9a-f]{40} \(gas\) +0\.\d+ of the chain's own coin/i,
    ])
      assert.match(unfunded.err, line);
    assert.equal((await other.interrupt()).code, 0);
  },
);

import assert from "node:assert/strict";
import { test } from "node:test";
import { hasCode } from "@weft/protocol/Errors";
import { toBytes8 } from "@weft/protocol/HardwareClass";
import { corruptionText, parseFlags } from "./flags.ts";

const least = ["--home", "h", "--network", "n.json"];

test("defaults and what the launcher passes", () => {
  const flags = parseFlags([...least, "--node-id", `0x${"AB".repeat(20)}`, "--price", "150", "--share", "5"]);
  assert.equal(flags.nodeId, `0x${"ab".repeat(20)}`);
  assert.equal(flags.pricePerUnitSecond, 150n);
  assert.equal(flags.share, 5);
  assert.deepEqual(flags.listen, ["/ip4/127.0.0.1/tcp/0"]);
});

test("a pool's hourly price is rounded up to whole units a second", () => {
  const { pools } = parseFlags([...least, "--pool", "cpu:2:0.60", "--pool", "gpu-h100:1:3"]);
  assert.deepEqual(pools, [
    { class: toBytes8("cpu"), units: 2n, pricePerUnitSecond: 167n },
    { class: toBytes8("gpu-h100"), units: 1n, pricePerUnitSecond: 834n },
  ]);
});

test("what a cheating node is told to flip reads back", () => {
  const corrupt = { step: 30, everySteps: 20, tensor: "model.norm.weight", index: 3, bit: 9 };
  assert.deepEqual(parseFlags([...least, "--corrupt", corruptionText(corrupt)]).corrupt, corrupt);
  assert.equal(parseFlags(least).corrupt, undefined);
});

test("what the owner allows in disputes", () => {
  const { courtBonds, courtGas, courtGames, courtWorkers } = parseFlags([
    ...[...least, "--court-bonds", "0", "--court-gas", "3000000", "--court-games", "2", "--court-workers", "1"],
  ]);
  assert.deepEqual([courtBonds, courtGas, courtGames, courtWorkers], [0n, 3_000_000n, 2, 1]);
  assert.throws(
    () => parseFlags([...least, "--court-workers", "0"]),
    (error) => hasCode(error, "flags.value"),
  );
});

test("every wrong flag has a coded error with a remedy", () => {
  const cases: [string[], string][] = [
    [["--network", "n"], "flags.missing"],
    [[...least, "--nope"], "flags.unknown"],
    [[...least, "--pool", "cpu:1"], "flags.value"],
    [[...least, "--corrupt", "30:20:model.norm.weight:3"], "flags.value"],
    [[...least, "--corrupt", "30:0:model.norm.weight:3:9"], "flags.value"],
    [[...least, "--corrupt", "30:20:model.norm.weight:3:32"], "flags.value"],
    [[...least, "--pool", "cpu:1:0"], "flags.value"],
    [[...least, "--price=-1"], "flags.value"],
    [[...least, "--listen", "127.0.0.1:4001"], "flags.value"],
    [[...least, "--node-id", "0x12"], "flags.value"],
    [[...least, "--log-level", "loud"], "flags.value"],
  ];
  for (const [argv, code] of cases)
    assert.throws(
      () => parseFlags(argv),
      (error) => hasCode(error, code) && error.remedy !== undefined,
      argv.join(" "),
    );
});

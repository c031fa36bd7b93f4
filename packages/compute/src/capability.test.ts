import assert from "node:assert/strict";
import { test } from "node:test";
import * as Attributes from "@weft/protocol/Attributes";
import { hasCode } from "@weft/protocol/Errors";
import * as HardwareClass from "@weft/protocol/HardwareClass";
import fc from "fast-check";
import { capabilitiesOf, gpuClass, type Machine } from "./capability.ts";

const gib = 1024 ** 3;
const machine: Machine = {
  cpu: { model: "test", threads: 16, flags: ["avx2"] },
  memoryBytes: 128 * gib,
  diskFreeBytes: 64 * gib,
  gpus: [],
  fp32: { gflops: 45.9, threads: 1 },
  netMbps: 1000,
};
const h100 = { vendor: "nvidia", name: "NVIDIA H100 PCIe", memoryBytes: 81_559 * 1024 ** 2 } as const;

test("a machine of its own declares all of itself, rounded down", () => {
  const [cpu] = capabilitiesOf(machine, { share: { nodes: 1 } });
  assert.deepEqual(cpu, {
    class: "cpu",
    attributes: { ...Attributes.none, cpuThreads: 16, memoryGiB: 128, diskGiB: 64, fp32Gflops: 734, netMbpsTenth: 100 },
    units: 1,
  });
});

test("five nodes on one host each declare a fifth and say that they share", () => {
  const [cpu] = capabilitiesOf(machine, { share: { nodes: 5 } });
  assert.deepEqual(cpu?.attributes, {
    ...Attributes.none,
    cpuThreads: 3,
    memoryGiB: 25,
    diskGiB: 12,
    fp32Gflops: 137,
    netMbpsTenth: 20,
    flags: Attributes.flags.sharedHost,
  });
});

test("on two threads five nodes keep one each, at a fifth of the measured speed", () => {
  const two = { ...machine, cpu: { ...machine.cpu, threads: 2 } };
  const [cpu] = capabilitiesOf(two, { share: { nodes: 5 } });
  assert.equal(cpu?.attributes.cpuThreads, 1);
  assert.equal(cpu?.attributes.fp32Gflops, Math.floor((45.9 * 2) / 5));
});

test("each GPU model is a pool of its own; the host is cut so that all pools fit at once", () => {
  const t4 = { vendor: "nvidia", name: "Tesla T4", memoryBytes: 15 * gib } as const;
  const pools = capabilitiesOf({ ...machine, gpus: [h100, h100, t4] }, { share: { nodes: 1 } });
  assert.deepEqual(
    pools.map((pool) => [pool.class, pool.units, pool.attributes.gpuMemoryGiB, pool.attributes.cpuThreads]),
    [
      ["cpu", 1, 0, 4],
      ["gpu-h100", 2, 79, 4],
      ["gpu-t4", 1, 15, 4],
    ],
  );
});

test("a GPU that can't be split over the nodes is not declared", () => {
  const pools = capabilitiesOf({ ...machine, gpus: [h100] }, { share: { nodes: 5 } });
  assert.deepEqual(
    pools.map((pool) => pool.class),
    ["cpu"],
  );
});

test("the owner's ceiling lowers what is declared", () => {
  const [cpu] = capabilitiesOf(machine, {
    share: { nodes: 1 },
    ceiling: { threads: 2, memoryMiB: 4096, diskMiB: 10_240, units: 0 },
  });
  assert.equal(cpu?.units, 0);
  assert.deepEqual(
    [cpu?.attributes.cpuThreads, cpu?.attributes.memoryGiB, cpu?.attributes.diskGiB, cpu?.attributes.fp32Gflops],
    [2, 4, 10, 91],
  );
});

test("P1 nodes sharing a machine never declare more memory, disk, link, speed or GPUs than it has; all pack", () => {
  const anyMachine = fc.record({
    cpu: fc.record({
      model: fc.constant("any"),
      threads: fc.integer({ min: 1, max: 100_000 }),
      flags: fc.constant<string[]>([]),
    }),
    memoryBytes: fc.nat(2 ** 31).map((n) => n * 2 ** 16),
    diskFreeBytes: fc.nat(2 ** 31).map((n) => n * 2 ** 20),
    gpus: fc.array(fc.constantFrom(h100, { ...h100, name: "AMD Instinct MI300X", vendor: "amd" as const }), {
      maxLength: 9,
    }),
    fp32: fc.record({ gflops: fc.double({ min: 0, max: 1e6, noNaN: true }), threads: fc.integer({ min: 0, max: 64 }) }),
    netMbps: fc.nat(10_000_000),
  });
  fc.assert(
    fc.property(anyMachine, fc.integer({ min: 1, max: 40 }), (any, nodes) => {
      const pools = capabilitiesOf(any, { share: { nodes } });
      const sum = (of: (a: Attributes.Attributes) => number) =>
        pools.reduce((total, pool) => total + nodes * pool.units * of(pool.attributes), 0);
      for (const pool of pools) {
        assert.deepEqual(Attributes.unpack(Attributes.pack(pool.attributes)), pool.attributes);
        HardwareClass.toBytes8(pool.class);
      }
      const slack = 1 + 1e-9;
      assert.ok(sum((a) => a.memoryGiB) * gib <= any.memoryBytes * slack);
      assert.ok(sum((a) => a.diskGiB) * gib <= any.diskFreeBytes * slack);
      assert.ok(sum((a) => a.netMbpsTenth) * 10 <= any.netMbps * slack);
      assert.ok(sum((a) => a.gpuCount) <= any.gpus.length);
      const speed = any.fp32.threads === 0 ? 0 : (any.fp32.gflops / any.fp32.threads) * any.cpu.threads;
      assert.ok(sum((a) => a.fp32Gflops) <= speed * slack);
    }),
  );
});

test("GPU names become class labels of at most eight characters", () => {
  const cases: [string, string][] = [
    ["NVIDIA H200", "gpu-h200"],
    ["NVIDIA A100-SXM4-80GB", "gpu-a100"],
    ["NVIDIA GeForce RTX 4090", "gpu-4090"],
    ["NVIDIA L40S", "gpu-l40s"],
    ["NVIDIA RTX A6000", "g-a6000"],
    ["AMD Instinct MI300X", "g-mi300x"],
    ["Tesla T4", "gpu-t4"],
    ["Something", "gpu"],
  ];
  for (const [name, label] of cases) assert.equal(gpuClass(name), label, name);
});

test("a share of no or half a node is refused", () => {
  for (const nodes of [0, 0.5, -1, 1025])
    assert.throws(
      () => capabilitiesOf(machine, { share: { nodes } }),
      (error) => hasCode(error, "capability.share"),
    );
});

import assert from "node:assert/strict";
import { chmodSync, mkdtempSync, writeFileSync } from "node:fs";
import { availableParallelism, tmpdir, totalmem } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { capabilitiesOf } from "@weft/compute/capability";
import { cgroupLimits } from "./cgroup.ts";
import { findGpus, parseAmd, parseNvidia } from "./gpus.ts";
import { defaultInterface, linkSpeed } from "./link.ts";
import { cpuFlags, probe } from "./probe.ts";

const files = (map: Record<string, string>) => (path: string) => map[path];

test("cgroup v2: the smallest limit on the way down counts", () => {
  const read = files({
    "/proc/self/mountinfo": "30 23 0:26 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate\n",
    "/proc/self/cgroup": "0::/system.slice/weft.service\n",
    "/sys/fs/cgroup/system.slice/cpu.max": "400000 100000\n",
    "/sys/fs/cgroup/system.slice/weft.service/cpu.max": "150000 100000\n",
    "/sys/fs/cgroup/system.slice/memory.max": "4294967296\n",
    "/sys/fs/cgroup/system.slice/weft.service/memory.max": "max\n",
  });
  assert.deepEqual(cgroupLimits(read), { cpus: 1.5, memoryBytes: 4294967296 });
});

test("cgroup v1 and hybrid: controllers on their own mounts, -1 and the huge number mean none", () => {
  const mountinfo = [
    "31 23 0:26 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw",
    "32 23 0:27 / /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct",
    "33 23 0:28 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory",
  ].join("\n");
  const base = {
    "/proc/self/mountinfo": mountinfo,
    "/proc/self/cgroup": "4:memory:/job\n3:cpu,cpuacct:/job\n0::/job\n",
  };
  const limited = files({
    ...base,
    "/sys/fs/cgroup/cpu,cpuacct/job/cpu.cfs_quota_us": "200000",
    "/sys/fs/cgroup/cpu,cpuacct/job/cpu.cfs_period_us": "100000",
    "/sys/fs/cgroup/memory/job/memory.limit_in_bytes": "1073741824",
  });
  assert.deepEqual(cgroupLimits(limited), { cpus: 2, memoryBytes: 1073741824 });
  const open = files({
    ...base,
    "/sys/fs/cgroup/cpu,cpuacct/job/cpu.cfs_quota_us": "-1",
    "/sys/fs/cgroup/cpu,cpuacct/job/cpu.cfs_period_us": "100000",
    "/sys/fs/cgroup/memory/job/memory.limit_in_bytes": "9223372036854771712",
  });
  assert.deepEqual(cgroupLimits(open), { cpus: undefined, memoryBytes: undefined });
});

test("in a container, where the group's path lies outside, the mount's own limit counts; no cgroup is no limit", () => {
  const read = files({
    "/proc/self/mountinfo": "30 23 0:26 /docker/abc /sys/fs/cgroup ro - cgroup2 cgroup rw\n",
    "/proc/self/cgroup": "0::/../other\n",
    "/sys/fs/cgroup/cpu.max": "50000 100000",
    "/sys/fs/cgroup/memory.max": "67108864",
  });
  assert.deepEqual(cgroupLimits(read), { cpus: 0.5, memoryBytes: 67108864 });
  assert.deepEqual(
    cgroupLimits(() => undefined),
    { cpus: undefined, memoryBytes: undefined },
  );
});

test("nvidia-smi's rows become GPUs; unreadable rows do not", () => {
  assert.deepEqual(parseNvidia("NVIDIA H100 PCIe, 81559\nTesla T4, 15360\nNVIDIA A30, [N/A]\n\n"), [
    { vendor: "nvidia", name: "NVIDIA H100 PCIe", memoryBytes: 81559 * 1024 ** 2 },
    { vendor: "nvidia", name: "Tesla T4", memoryBytes: 15360 * 1024 ** 2 },
  ]);
  assert.deepEqual(parseNvidia("NVIDIA-SMI has failed because it couldn't communicate with the NVIDIA driver."), []);
});

test("rocm-smi's cards become GPUs", () => {
  const text = JSON.stringify({
    card0: { "Card Series": "AMD Instinct MI300X", "VRAM Total Memory (B)": "206141652992" },
    card1: { "Card Series": "broken" },
    system: { "Driver version": "6.7" },
  });
  assert.deepEqual(parseAmd(text), [{ vendor: "amd", name: "AMD Instinct MI300X", memoryBytes: 206141652992 }]);
});

test("no tool is no GPU; a failing tool is a note", async () => {
  assert.deepEqual(await findGpus(async () => undefined), { gpus: [], notes: [] });
  const { gpus, notes } = await findGpus(async (name) => {
    if (name === "nvidia-smi") throw new Error("ended with 9");
    return "not json";
  });
  assert.deepEqual(gpus, []);
  assert.equal(notes.length, 2);
  assert.match(notes[0] as string, /^nvidia-smi: ended with 9/);
});

test("flags of x86 and ARM CPUs are read", () => {
  assert.deepEqual(cpuFlags("processor : 0\nflags\t\t: fpu sse4_2 avx avx2 fma\n\nprocessor : 1\nflags : avx512f\n"), [
    "sse4_2",
    "avx",
    "avx2",
    "fma",
  ]);
  assert.deepEqual(cpuFlags("Features\t: fp asimd sve\n"), ["asimd", "sve"]);
  assert.deepEqual(cpuFlags(""), []);
});

test("the link speed is what the card of the default route states, or unknown with the reason", () => {
  const head = "Iface\tDestination\tGateway\tFlags\tRefCnt\tUse\tMetric\tMask\n";
  const routes = `${head}lo\t0000007F\t00000000\t0001\t0\t0\t0\t000000FF\neno1\t00000000\t0102A8C0\t0003\t0\t0\t0\t00000000\n`;
  assert.equal(defaultInterface(routes), "eno1");
  assert.equal(defaultInterface(`${head}eno1\t00000000\t0102A8C0\t0002\t0\t0\t0\t00000000\n`), undefined, "down");
  const with_ = (speed: string | undefined, physical = true) =>
    linkSpeed(
      files({ "/proc/net/route": routes, ...(speed === undefined ? {} : { "/sys/class/net/eno1/speed": speed }) }),
      () => physical,
    );
  assert.deepEqual(with_("2500\n"), { mbps: 2500 });
  for (const silent of [with_("-1\n"), with_(undefined), with_("10000\n", false), linkSpeed(files({}), () => true)])
    assert.ok(silent.mbps === 0 && silent.note !== undefined, JSON.stringify(silent));
});

test("this machine is probed and can be declared", { timeout: 180_000 }, async () => {
  const folder = join(mkdtempSync(join(tmpdir(), "weft-probe-")), "not", "yet", "there");
  const found = await probe({ folder });
  assert.ok(found.cpu.threads >= 1 && found.cpu.threads <= availableParallelism());
  assert.ok(found.memoryBytes > 0 && found.memoryBytes <= totalmem());
  assert.ok(found.diskFreeBytes > 0);
  assert.ok(found.fp32.gflops > 0.01 && found.fp32.threads === 1, JSON.stringify(found.notes));
  assert.deepEqual(JSON.parse(JSON.stringify(found)), found);
  assert.equal(capabilitiesOf(found, { share: { nodes: 1 } })[0]?.class, "cpu");
});

test("a real tool on the path is run and read", { timeout: 180_000 }, async () => {
  const bin = mkdtempSync(join(tmpdir(), "weft-bin-"));
  writeFileSync(join(bin, "nvidia-smi"), '#!/bin/sh\necho "NVIDIA H200, 143771"\n');
  writeFileSync(join(bin, "rocm-smi"), "#!/bin/sh\nexit 3\n");
  for (const name of ["nvidia-smi", "rocm-smi"]) chmodSync(join(bin, name), 0o755);
  const before = process.env["PATH"];
  process.env["PATH"] = `${bin}:${before}`;
  try {
    const found = await probe({ folder: bin, measureMs: 0 });
    assert.deepEqual(found.gpus.at(-1), { vendor: "nvidia", name: "NVIDIA H200", memoryBytes: 143771 * 1024 ** 2 });
    assert.match(found.notes.join(), /rocm-smi: ended with 3/);
    assert.deepEqual(found.fp32, { gflops: 0, threads: 0 });
  } finally {
    process.env["PATH"] = before;
  }
});

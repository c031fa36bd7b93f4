// A gateway that answers segments with vouchers that are worth nothing, old true ones among them: the provider counts and
// keeps none of them, stops working for it once its patience is used up, and takes a true one as soon as it comes. The
// contract takes a voucher once, and none after the lease's end.
import assert from "node:assert/strict";
import { test } from "node:test";
import { claim } from "@weft/chain/actions/claim";
import { memoryStore } from "@weft/chain/Intent";
import { Sender } from "@weft/chain/Sender";
import { decode } from "@weft/gateway/jobs/JobRecord";
import { runSession, type SegmentAnswer } from "@weft/gateway/jobs/JobSession";
import { signNoun } from "@weft/protocol/Domain";
import * as Voucher from "@weft/protocol/Voucher";
import { keyOf } from "@weft/testkit/seed";
import { startTestNetwork } from "@weft/testkit/TestNetwork";
import { createMemoryTransport } from "@weft/transport/MemoryTransport";

const seed = 71;

test("worthless vouchers are refused by provider and contract, a true one is taken", {
  timeout: 600_000,
}, async (t) => {
  const network = await startTestNetwork({ seed, nodes: 4 });
  t.after(() => network.stop());
  const { file, client, clock } = network.chain;
  const provider = network.node("node-1");
  const session = network.gateway().plan.session;
  const stranger = keyOf(seed, "stranger");
  const job = await network.buy({ program: { steps: 48, stepsPerSegment: 6 }, duration: "120s" });
  const { leaseId } = await job.until("lease");
  await job.until("paid");
  const record = decode(network.gateway().gateway.context.store.getJob(job.jobId)!.record);
  await network.kill(network.gateway());

  const sign = async (voucher: Voucher.Voucher, changes: { signer?: typeof session; chainId?: number } = {}) => {
    const { signer } = changes.signer ?? session;
    const on = { ...file, chainId: changes.chainId ?? file.chainId };
    return { voucher, signature: await signNoun(on, Voucher.schema, voucher, signer) };
  };
  const good: Voucher.Voucher = { channelId: leaseId, payee: provider.nodeId, cumulative: 8000n };
  const worthless = [
    await sign(good, { signer: stranger }),
    await sign(good, { chainId: file.chainId + 1 }),
    await sign({ ...good, channelId: `0x${"11".repeat(32)}` }),
    await sign({ ...good, payee: network.node("node-2").nodeId }),
    await sign({ ...good, cumulative: 1n << 100n }),
    { voucher: good, signature: `0x${"00".repeat(65)}` as const },
    // What the provider got already, as the answer to later segments.
    await sign({ ...good, cumulative: 200n }),
  ];

  // The rogue has the session's key and speaks from its peer id, as a gateway gone bad would.
  const transport = createMemoryTransport(network.hub, { privateKey: session.secret, networkId: file.networkId });
  await transport.connect(provider.transport.peerId);
  const asked: bigint[] = [];
  const ended = runSession(transport, {
    provider: { peerId: provider.transport.peerId, addresses: provider.transport.addresses() },
    open: {
      ...{ leaseId, order: record.orders[0]!.order, details: record.details, corpus: record.corpus },
      gateway: { peerId: transport.peerId, addresses: transport.addresses() },
    },
    silenceMs: 60_000,
    signal: new AbortController().signal,
    handlers: {
      onAccepted: () => {},
      onProgress: () => {},
      onSegment: async (report): Promise<SegmentAnswer> => {
        asked.push(report.commitment.segment);
        return { paid: true, voucher: worthless[Math.min(asked.length, worthless.length) - 1]! };
      },
    },
  });
  await network.until("the provider has been answered often", () =>
    asked.length > worthless.length ? true : undefined,
  );
  await network.pass(5);
  // It goes without a word: a `job.stop` would be the buyer's right.
  await transport.stop();
  await ended;

  // Nothing of it reached the provider's purse, and each is counted.
  const { refused } = provider.node.status();
  assert.ok((refused["voucher.signer"] ?? 0) >= 3, JSON.stringify(refused));
  for (const code of ["voucher.channel", "voucher.payee", "voucher.uncovered"])
    assert.ok((refused[code] ?? 0) >= 1, `${code}: ${JSON.stringify(refused)}`);
  assert.ok((refused["voucher.duplicate"] ?? 0) + (refused["voucher.lower"] ?? 0) >= 1, JSON.stringify(refused));
  const lease = provider.node.status().leases.find((one) => one.leaseId === leaseId);
  assert.ok(Number(lease?.earned) <= 400, `${lease?.earned}: the true gateway's vouchers only`);
  assert.ok(network.snapshot.leases.get(leaseId)!.channel.claimed <= 400n);

  // Nor does the contract take any of them.
  const sender = new Sender(client, { signer: provider.plan.operator.signer, store: memoryStore(), clock });
  const results = await Promise.allSettled(worthless.slice(0, 4).map((voucher) => sender.send(claim(client, voucher))));
  assert.deepEqual(
    results.map((result) => (result.status === "rejected" ? result.reason.code : "claimed")),
    ["channels.VoucherInvalid", "channels.VoucherInvalid", "channels.ChannelUnknown", "channels.VoucherInvalid"],
  );
  sender.close();

  // A true voucher is taken once, whoever brings it.
  const attempt = async (voucher: Voucher.SignedVoucher): Promise<string> => {
    const anew = new Sender(client, { signer: provider.plan.operator.signer, store: memoryStore(), clock });
    const code = await anew.send(claim(client, voucher)).then(
      () => "claimed",
      (error) => error.code,
    );
    anew.close();
    return code;
  };
  const replayed = await sign({ ...good, cumulative: 200n });
  assert.match(await attempt(replayed), /^(claimed|channels\.NothingToClaim)$/);
  assert.equal(await attempt(replayed), "channels.NothingToClaim");

  // The true gateway comes back and everything that was done is paid.
  await network.restart(network.gateway());
  const done = await job.done();
  assert.equal(done.paid.find(({ role }) => role === "provider")?.amount, "1600");

  // Nothing is claimed any more once the lease is over, with the right signature or not.
  assert.equal(await attempt(await sign({ ...good, cumulative: 2000n })), "channels.ChannelClosed");
  assert.equal(network.snapshot.leases.get(leaseId)!.channel.released, 1600n);
});

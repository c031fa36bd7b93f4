// An owner drains a node: the lease it has is worked and paid, what it signed before opens no other one, and it owes the
// beacon nothing more. Opened again, it sells as before.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { openLease } from "@weft/chain/actions/openLease";
import { memoryStore } from "@weft/chain/Intent";
import { Sender } from "@weft/chain/Sender";
import { hasCode } from "@weft/protocol/Errors";
import { orderFor } from "@weft/testkit/deals";
import { trainAlone } from "@weft/testkit/jobs";
import { startTestNetwork } from "@weft/testkit/TestNetwork";

test("a drained node ends what it began and nothing else begins", { timeout: 600_000 }, async (t) => {
  const network = await startTestNetwork({ seed: 17, nodes: [{ capacity: 4n }, {}, {}, {}, {}] });
  t.after(() => network.stop());
  const { client, clock } = network.chain;
  const draining = network.node("node-1");
  const { book } = network.gateway().gateway.context;
  const program = { steps: 48, stepsPerSegment: 6 };
  const job = await network.buy({ mechanism: "postedPrice", program, duration: "120s" });
  assert.equal((await job.until("lease")).nodeId, draining.nodeId);
  const standing = [...book.offers.values()].find(({ offer }) => offer.nodeId === draining.nodeId)!;
  await job.until("segment");

  draining.node.setOpenness("draining");
  const { seq } = standing.offer;
  await network.until("its offers are cancelled on chain", () =>
    (network.snapshot.nodes.get(draining.nodeId)?.minSeq.get("0/0") ?? 0n) > seq ? true : undefined,
  );
  await network.until("it has retired from the beacon", () =>
    network.snapshot.enrolments.get(draining.nodeId)?.retiredRound === undefined ? undefined : true,
  );
  const matcher = new Sender(client, { signer: network.gateway().plan.session.signer, store: memoryStore(), clock });
  const order = await orderFor(network, { nonce: 700n });
  await assert.rejects(matcher.send(openLease(client, { offer: standing, order, fill: 0 })), (error) =>
    hasCode(error, "market.OfferCancelled"),
  );
  matcher.close();

  const done = await job.done();
  assert.equal(job.all("failover").length, 0);
  assert.equal(done.paid.find(({ role }) => role === "provider")?.amount, "1600");
  assert.deepEqual(readFileSync(done.checkpointPath), Buffer.from(await trainAlone({ program })));
  await network.until("nothing of it is left to do", () => (draining.node.activeLeases() === 0 ? true : undefined));
  const elsewhere = await network.buy({ mechanism: "postedPrice", duration: "120s" });
  assert.equal((await elsewhere.until("lease")).nodeId, network.node("node-2").nodeId);
  await elsewhere.done();

  draining.node.setOpenness("open");
  // Above what the chain cancelled, that is: an offer that it signed anew when the lease took its unit is in the book too.
  const leastSeq = network.snapshot.nodes.get(draining.nodeId)?.minSeq.get("0/0") ?? 0n;
  await network.until("it offers again, above what was cancelled", () =>
    [...book.offers.values()].some(({ offer }) => offer.nodeId === draining.nodeId && offer.seq >= leastSeq)
      ? true
      : undefined,
  );
  const again = await network.buy({ mechanism: "postedPrice", duration: "120s" });
  assert.equal((await again.until("lease")).nodeId, draining.nodeId);
  await again.done();
});

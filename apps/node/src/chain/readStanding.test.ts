// Where a later lease may begin, on a real chain: auditors and the court's defenders say the same of what was taken back, of what
// became void in the second in which the lease opened, and of what was void before.
import assert from "node:assert/strict";
import { test } from "node:test";
import { closeLease } from "@weft/chain/actions/closeLease";
import { commitSegment } from "@weft/chain/actions/commitSegment";
import { deposit } from "@weft/chain/actions/deposit";
import { openLease } from "@weft/chain/actions/openLease";
import { reportEquivocation } from "@weft/chain/actions/reportEquivocation";
import { retract } from "@weft/chain/actions/retract";
import { startLease } from "@weft/chain/actions/startLease";
import { accountOf } from "@weft/chain/chainFixture";
import {
  fund,
  type NetworkFixture,
  networkFixture,
  provider,
  signedOffer,
  signedOrder,
} from "@weft/chain/networkFixture";
import { readCommitment, readCommitments } from "@weft/chain/readCommitment";
import { chainTime, readBeaconClock, roundAt } from "@weft/chain/reads";
import { readShownStart } from "@weft/court/shownStart";
import { signNoun } from "@weft/protocol/Domain";
import { hasCode } from "@weft/protocol/Errors";
import * as Offer from "@weft/protocol/Offer";
import * as Order from "@weft/protocol/Order";
import * as Segment from "@weft/protocol/Segment";
import { type Hex, numberToHex } from "viem";
import { readStanding } from "./readStanding.ts";

const word = (n: number): Hex => numberToHex(n, { size: 32 });
const fromBlock = 0n;

interface Fill {
  leaseId: Hex;
  orderHash: Hex;
  offerHash: Hex;
  owner: string;
}

/** The order's fills, one after another, as their providers quit. */
async function opener(network: NetworkFixture) {
  const { client, senderOf } = network;
  await fund(network, ["first", "first operator", "second", "second operator", "buyer"]);
  await provider(network, "first");
  await provider(network, "second");
  const buyer = senderOf(accountOf("buyer"));
  await buyer.send(await deposit(client, { owner: accountOf("buyer"), amount: 50_000_000n, id: "1" }));
  return async (nonce: bigint) => {
    const order = await signedOrder(network, "buyer", { nonce, units: 1n });
    const orderHash = Order.hash(order.order);
    return async (owner: string, previous?: Fill): Promise<Fill> => {
      const offer = await signedOffer(network, owner, { seq: nonce });
      const offerHash = Offer.hash(offer.offer);
      const fill = previous === undefined ? 0 : 1;
      const refilled = previous && { previousOfferHash: previous.offerHash };
      await buyer.send(openLease(client, { offer, order, fill, ...refilled }));
      const leaseId = Order.leaseId(orderHash, offerHash, fill);
      await senderOf(accountOf(`${owner} operator`)).send(startLease(client, { leaseId }));
      return { leaseId, orderHash, offerHash, owner };
    };
  };
}

async function committed(network: NetworkFixture, fill: Fill, said: Partial<Segment.SegmentCommitment> = {}) {
  const { client } = network;
  if (said.meteredSeconds !== 0n) await network.pass(1);
  const round = roundAt(await readBeaconClock(client), await chainTime(client));
  const commitment: Segment.SegmentCommitment = {
    ...{ leaseId: fill.leaseId, segment: 0n, firstStep: 0n, lastStep: 19n, orderHash: fill.orderHash },
    ...{ program: word(1), dataRoot: word(2), startRoot: word(3), endRoot: word(4), historyRoot: word(5) },
    ...{ checkpoint: word(6), meteredSeconds: 1n, tokens: 1n, beaconRound: round + 2n },
    ...said,
  };
  const operator = accountOf(`${fill.owner} operator`);
  const segment = { commitment, signature: await signNoun(network.file, Segment.schema, commitment, operator) };
  await network.senderOf(operator).send(commitSegment(client, { segment, offerHash: fill.offerHash }));
  return segment;
}

const quit = (network: NetworkFixture, { leaseId, owner }: Fill) =>
  network
    .senderOf(accountOf(`${owner} operator`))
    .send(closeLease(network.client, { leaseId, reason: "providerQuit" }));

/** What auditors hold of the heir's start, and what its defender would show. */
async function sayings(network: NetworkFixture, { earlier, heir }: { earlier: Fill; heir: Fill }) {
  const { client } = network;
  const query = { leaseId: earlier.leaseId, segment: 0n, heir: heir.leaseId, proven: false, fromBlock };
  const first = await readCommitment(client, { leaseId: heir.leaseId, segment: 0n, fromBlock });
  const shown = await readShownStart(client, { leaseId: heir.leaseId, first, fromBlock });
  return { stood: await readStanding(client, query), shown: shown && Segment.hash(shown.earlier) };
}

const goesOn = { firstStep: 20n, lastStep: 39n, startRoot: word(4), endRoot: word(7) };

test("an end is a start by one rule for auditors and defenders", async () => {
  const network = await networkFixture({ blockTimeSeconds: 0.05 });
  const { client } = network;
  await network.freeze();
  const ordered = await opener(network);

  // Taken back and committed again: the one that stands.
  let fillOf = await ordered(1n);
  let earlier = await fillOf("first");
  const taken = await committed(network, earlier);
  const operator = network.senderOf(accountOf("first operator"));
  await operator.send(retract(client, taken));
  const unread = readCommitment(client, { leaseId: earlier.leaseId, segment: 0n, fromBlock });
  await assert.rejects(unread, (error) => hasCode(error, "segment.unknown"));
  const again = await committed(network, earlier, { beaconRound: taken.commitment.beaconRound + 1n });
  assert.deepEqual(await readCommitments(client, { leaseId: earlier.leaseId, fromBlock }), [again.commitment]);
  await quit(network, earlier);
  let heir = await fillOf("second", earlier);
  await committed(network, heir, goesOn);
  assert.deepEqual(await sayings(network, { earlier, heir }), { stood: true, shown: Segment.hash(again.commitment) });

  // Void after the heir's lease opened, in the same second; then one that is void a second before.
  for (const isBefore of [false, true]) {
    fillOf = await ordered(isBefore ? 3n : 2n);
    earlier = await fillOf("first");
    const first = await committed(network, earlier);
    const twin = { ...first.commitment, tokens: 9n };
    const signature = await signNoun(network.file, Segment.schema, twin, accountOf("first operator"));
    const report = reportEquivocation(client, { first, second: { commitment: twin, signature } });
    const voided = () => network.senderOf(accountOf("buyer")).send(report);
    if (isBefore) {
      await voided();
      await network.pass(1);
    } else await quit(network, earlier);
    heir = await fillOf("second", earlier);
    if (!isBefore) {
      await voided();
      await network.pass(1);
    }
    await committed(network, heir, goesOn);
    const expected = isBefore
      ? { stood: false, shown: undefined }
      : { stood: true, shown: Segment.hash(first.commitment) };
    assert.deepEqual(await sayings(network, { earlier, heir }), expected);
  }

  // Recorded after the heir began where it ends: it shows nothing.
  fillOf = await ordered(4n);
  earlier = await fillOf("first");
  await network.pass(1);
  await quit(network, earlier);
  heir = await fillOf("second", earlier);
  await committed(network, heir, { ...goesOn, meteredSeconds: 0n });
  await committed(network, earlier);
  assert.deepEqual(await sayings(network, { earlier, heir }), { stood: false, shown: undefined });
  await network.end();
});

// What players that mean harm, and owners that allow little, make of disputes between running nodes.
import assert from "node:assert/strict";
import { test } from "node:test";
import { readBondDeposit, readGameLog } from "@weft/chain/courtReads";
import type { RivalState } from "@weft/chain/Snapshot";
import { ladderOf } from "@weft/court/gameRules";
import { startTestNetwork, type TestNetwork } from "@weft/testkit/TestNetwork";

const stepsPerSegment = 6;
const timed = { timeout: 600_000 };

const rivalsOf = ({ snapshot }: TestNetwork): RivalState[] =>
  [...snapshot.disputes.values()].flatMap(({ rivals }) => rivals);

test("an auditor that names a false rival loses its bond, half of it to the honest node", timed, async (t) => {
  const wrong = { step: 0, everySteps: stepsPerSegment, tensor: "model.embed_tokens.weight", index: 7, bit: 21 };
  const faults = { lyingAuditor: true, history: () => wrong };
  const network = await startTestNetwork({ seed: 51, nodes: [{}, {}, { faults, sells: false }, {}, {}] });
  t.after(() => network.close());
  const { client, file } = network.chain;
  const honest = network.node("node-1");
  const stake = network.snapshot.nodes.get(honest.nodeId)!.stake;
  const job = await network.buy({ program: { steps: 120, stepsPerSegment }, duration: "120s" });
  const lost = await network.until("a false rival is eliminated", () =>
    rivalsOf(network).find(({ end }) => end === "eliminated"),
  );
  assert.equal(lost.sponsor, network.node("node-3").plan.operator.signer.address.toLowerCase());
  const { entries } = await readGameLog(client, { game: lost.game, fromBlock: file.fromBlock });
  // It could prove nothing, and its clock ran out.
  const { eventName, args } = entries.at(-1)!.event;
  assert.equal(eventName, "GameEnded");
  assert.deepEqual({ ...args, level: 0 }, { game: lost.game, outcome: 1, level: 0, silent: true });
  await job.done();
  assert.ok([...network.snapshot.disputes.values()].every(({ eliminated }) => eliminated === undefined));
  const all = rivalsOf(network).filter(({ end }) => end === "eliminated");
  const halves = all.reduce((sum, rival) => sum + rival.lost / 2n, 0n);
  assert.ok(halves > 0n);
  assert.equal(await readBondDeposit(client, honest.plan.owner.signer.address), halves);
  assert.equal(network.snapshot.nodes.get(honest.nodeId)?.stake, stake);
  await network.conservation();
});

test(
  "an owner that allows no bonds: the refusal is counted, nothing is named, the audit alone decides",
  timed,
  async (t) => {
    const careful = { court: { bonds: 0n } };
    const network = await startTestNetwork({ seed: 52, nodes: [{}, careful, careful, careful, careful] });
    t.after(() => network.close());
    network.corrupt(network.node("node-1"), { step: 0, everySteps: stepsPerSegment });
    const job = await network.buy();
    const refused = () => network.nodes.filter(({ node }) => (node.status().refused["court.bonds"] ?? 0) > 0);
    await network.until("an auditor refuses to bond", () => (refused().length > 0 ? true : undefined));
    await job.done();
    assert.deepEqual(rivalsOf(network), []);
    // Not put away in silence: whoever could not pay knows which segment stands because of it.
    const late = await network.until("its finding comes too late", () => {
      const status = refused()
        .find(({ node }) => node.status().court.foundTooLate > 0)
        ?.node.status();
      return status?.disputes.find(({ state }) => state === "tooLate");
    });
    assert.match(late.why ?? "", /(windowOver|settled) after court\.bonds/);
  },
);

test("a provider whose owner allows no gas is silent in its game, and its clock runs out", timed, async (t) => {
  const network = await startTestNetwork({ seed: 53, nodes: [{ court: { gasPerGame: 0n } }, {}, {}, {}, {}] });
  t.after(() => network.close());
  const { client, file } = network.chain;
  const liar = network.node("node-1");
  network.corrupt(liar, { step: 0, everySteps: stepsPerSegment });
  const job = await network.buy();
  const won = await network.until("a rival wins", () => rivalsOf(network).find(({ end }) => end === "won"));
  assert.ok(won.bond >= ladderOf(client.params));
  // Once a game, not once a look.
  const refused = liar.node.status().refused["court.gas"] ?? 0;
  assert.ok(refused >= 1 && refused <= rivalsOf(network).length, `${refused} refusals`);
  const { entries } = await readGameLog(client, { game: won.game, fromBlock: file.fromBlock });
  assert.deepEqual(
    entries.map(({ event }) => event.eventName),
    ["GameStarted", "GameEnded"],
  );
  await job.done();
});

test(
  "after a conviction, what the liar committed to before, where nobody was drawn to look, falls as well",
  timed,
  async (t) => {
    const network = await startTestNetwork({ seed: 43, nodes: 5 });
    t.after(() => network.close());
    const liar = network.node("node-1");
    network.corrupt(liar, { step: 0, everySteps: stepsPerSegment });
    const job = await network.buy();
    const convictions = () =>
      [...network.snapshot.disputes.values()]
        .filter(({ eliminated }) => eliminated !== undefined)
        .toSorted((a, b) => Number(a.eliminated!.at - b.eliminated!.at));
    const [first, later] = await network.until("a second segment of the liar is eliminated", () => {
      const found = convictions();
      const [first] = found;
      const later = found.find(({ leaseId, segment }) => leaseId === first?.leaseId && segment < first.segment);
      return first !== undefined && later !== undefined ? [first, later] : undefined;
    });
    assert.equal(network.snapshot.leases.get(first!.leaseId)?.nodeId, liar.nodeId);
    assert.ok(later!.rivals.some(({ end }) => end === "won"));
    await job.done();
    await network.conservation();
  },
);

test("a chain whose blocks take half the inclusion delay: no player of a default node is late", timed, async (t) => {
  // Parameters of `local`: two seconds of inclusion delay, two of extension.
  const network = await startTestNetwork({ seed: 54, nodes: 5, preset: "local", blockSeconds: 1 });
  t.after(() => network.close());
  const { client, file } = network.chain;
  network.corrupt(network.node("node-1"), { step: 0, everySteps: stepsPerSegment });
  await network.buy();
  const won = await network.until("a rival wins", () => rivalsOf(network).find(({ end }) => end === "won"));
  const { entries } = await readGameLog(client, { game: won.game, fromBlock: file.fromBlock });
  const { eventName, args } = entries.at(-1)!.event;
  assert.equal(eventName, "GameEnded");
  // Neither the honest rival nor the liar, who plays to the word that decides: none ran out of time.
  assert.deepEqual({ ...args, level: 0 }, { game: won.game, outcome: 2, level: 0, silent: false });
  assert.ok(network.nodes.every(({ node }) => node.status().refused["court.stuck"] === undefined));
});

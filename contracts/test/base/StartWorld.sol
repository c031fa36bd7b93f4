// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IGames} from "../../src/interfaces/IGames.sol";
import {CloseReason, LeaseState} from "../../src/types/Leases.sol";
import {Offer, SegmentCommitment} from "../../src/types/Orders.sol";
import {CourtFixture} from "./CourtFixture.sol";
import {vm} from "./Vm.sol";

/// @notice An order's first lease belongs to somebody who is out to harm whoever goes on from it, with a friend that sponsors
/// rivals. It commits, takes back, brings again, quits, has its own segments voided in every way and at every moment. An honest
/// node takes the order over, begins where a segment ended that stood when it looked, and answers what is its turn.
contract StartWorld is CourtFixture {
    NodeKeys internal enemy;
    bytes32 internal first;
    bytes32 internal firstOffer;
    SegmentCommitment internal nothingBefore;

    /// @dev All that the enemy ever signed, and what stands of it by number.
    SegmentCommitment[] internal signedEver;
    SegmentCommitment[] internal standing;
    /// @dev First segments of the voids, oldest first.
    uint32[] internal voids;

    bytes32 internal heir;
    bool internal hasStart;
    SegmentCommitment internal start_;
    SegmentCommitment[] internal own;

    struct Challenge {
        uint256 which;
        bytes20 game;
        address who;
        bytes32 rival;
    }

    Challenge[] internal challenges;
    uint96 internal stakeAtFirst;
    /// @notice Calls that were made, by name.
    mapping(string what => uint256) public done;

    function setUp() public override {
        super.setUp();
        (enemy, first, firstOffer) = (provider, id, offerHash);
        stakeAtFirst = registry.stakeOf(nodes[1].id);
        fund(sponsor, 1e15);
    }

    function attempt(string memory what, address who, address target, bytes memory data) internal returns (bool ok) {
        vm.prank(who);
        (ok,) = target.call(data);
        if (ok) ++done[what];
    }

    // ---- the enemy ------------------------------------------------------------------------------------------------

    function act(uint256 seed) public {
        uint256 kind = seed % 13;
        seed >>= 8;
        // Once there is something to name, every other action is about that.
        if (own.length != 0 && seed & 1 == 0) kind = 10 + kind % 3;
        seed >>= 1;
        // What ends its lease comes seldom, so that there is something to go on from.
        if (heir == 0 && kind >= 4 && kind < 7 && seed & 3 != 0) kind = 0;
        seed >>= 2;
        if (kind < 2) commitNext(seed);
        else if (kind == 2) takeBack();
        else if (kind == 3) bringAgain(seed);
        else if (kind == 4) quit();
        else if (kind == 5) signTwice(seed);
        else if (kind == 6) found(seed);
        else if (kind < 9) takeOver();
        else if (kind == 9) goOn();
        else if (kind == 10) name(seed);
        else if (kind == 11) hurry(seed);
        else skip(seed % 25);
        answer(seed);
    }

    function commitNext(uint256 seed) internal {
        skip(seed % 3);
        SegmentCommitment memory c = segmentOf(honest());
        uint32 n = uint32(standing.length);
        (c.leaseId, c.segment, c.meteredSeconds) = (first, n, 0);
        (c.firstStep, c.lastStep) = (40 * n, 40 * n + 39);
        if (n != 0) c.startRoot = standing[n - 1].endRoot;
        // Often an end that was there before.
        c.endRoot = keccak256(abi.encode("end", n, seed >> 16 & 1));
        c.beaconRound = beacon.currentRound() + 1 + uint64((seed >> 8) % params.maxRoundsAhead);
        if (record(c)) signedEver.push(c);
    }

    function record(SegmentCommitment memory c) internal returns (bool ok) {
        bytes memory signature = signed(enemy.operatorKey, audits.commitmentDigest(c));
        bytes memory data = abi.encodeCall(audits.commitSegment, (c, firstOffer, signature));
        ok = attempt("commit", matcher, address(audits), data);
        if (ok) standing.push(c);
    }

    function takeBack() internal {
        if (standing.length == 0) return;
        SegmentCommitment memory last = standing[standing.length - 1];
        SegmentCommitment memory before = standing.length == 1 ? nothingBefore : standing[standing.length - 2];
        bytes memory data = abi.encodeCall(audits.retract, (last, before));
        if (attempt("retract", enemy.operator, address(audits), data)) standing.pop();
    }

    /// @dev What it ever signed, by anyone; sometimes where it was taken back.
    function bringAgain(uint256 seed) internal {
        if (signedEver.length == 0) return;
        SegmentCommitment memory c = signedEver[seed % signedEver.length];
        bytes memory signature = signed(enemy.operatorKey, audits.commitmentDigest(c));
        bytes memory data = abi.encodeCall(audits.commitSegment, (c, firstOffer, signature));
        vm.assertFalse(attempt("again", matcher, address(audits), data), "brought again");
        ++done["brought"];
    }

    function quit() internal {
        bytes memory data = abi.encodeCall(market.close, (first, CloseReason.providerQuit));
        attempt("quit", enemy.operator, address(market), data);
    }

    /// @dev Two signatures for a segment, that is there or not, or can't be.
    function signTwice(uint256 seed) internal {
        SegmentCommitment memory a = segmentOf(honest());
        a.leaseId = first;
        a.segment = seed & 15 == 0 ? uint32(seed >> 8) : uint32((seed >> 8) % 4);
        SegmentCommitment memory b = abi.decode(abi.encode(a), (SegmentCommitment));
        (a.tokens, b.tokens) = (uint64(seed >> 96), uint64(seed >> 96) ^ 1);
        bytes memory data = abi.encodeCall(
            audits.reportEquivocation,
            (
                a,
                signed(enemy.operatorKey, audits.commitmentDigest(a)),
                b,
                signed(enemy.operatorKey, audits.commitmentDigest(b))
            )
        );
        if (attempt("twice", matcher, address(audits), data)) voids.push(a.segment);
    }

    /// @dev Found false by the court, whatever for.
    function found(uint256 seed) internal {
        if (standing.length == 0) return;
        uint32 segment = uint32(seed % standing.length);
        LeaseState state = market.lease(first).state;
        if (state == LeaseState.settled) return;
        bool isNew = voids.length == 0 || segment < voids[voids.length - 1];
        if (!attempt("found", address(court), address(audits), abi.encodeCall(audits.courtVoid, (first, segment)))) return;
        if (isNew) voids.push(segment);
    }

    // ---- the honest node ------------------------------------------------------------------------------------------

    /// @dev Takes the order over and looks where it may begin; when it commits is another matter.
    function takeOver() internal {
        if (heir != 0) return;
        NodeKeys memory next = nodes[1];
        Offer memory offer = offerOf(next);
        bytes32 hash = market.offerHash(offer);
        bytes memory offerSig = signOffer(offer, next.operatorKey);
        bytes memory orderSig = signOrder(order, buyerKey);
        vm.prank(matcher);
        try market.open(offer, offerSig, order, orderSig, 1, firstOffer, 0) returns (bytes32 opened) {
            heir = opened;
        } catch {
            return;
        }
        ++done["take over"];
        (id, provider, offerHash) = (heir, next, hash);
        startLease(heir, next);
        for (uint256 i = standing.length; i > 0; --i) {
            if (audits.segment(first, uint32(i - 1)).voided) continue;
            (hasStart, start_) = (true, standing[i - 1]);
            ++done["go on"];
            return;
        }
    }

    function goOn() internal {
        if (heir == 0 || own.length == 3) return;
        skip(1);
        SegmentCommitment memory c = segmentOf(honest());
        c.segment = uint32(own.length);
        c.meteredSeconds = 1;
        if (hasStart) (c.firstStep, c.startRoot) = (start_.lastStep + 1, start_.endRoot);
        if (c.segment != 0) (c.firstStep, c.startRoot) = (own[c.segment - 1].lastStep + 1, own[c.segment - 1].endRoot);
        c.lastStep = c.firstStep + 39;
        if (c.lastStep >= courtProgram().totalSteps) return;
        bytes memory signature = signed(provider.operatorKey, audits.commitmentDigest(c));
        if (attempt("own", matcher, address(audits), abi.encodeCall(audits.commitSegment, (c, offerHash, signature)))) {
            own.push(c);
        }
    }

    /// @dev A rival of one of its segments: of its start, or a history that nobody knows.
    function name(uint256 seed) internal {
        if (own.length == 0) return;
        uint256 which = seed % own.length;
        SegmentCommitment memory c = own[which];
        bytes32 hash = audits.commitmentHash(c);
        uint64 bond = court.dispute(hash).nextBond;
        bool isStart = seed >> 8 & 3 != 0;
        bytes32 rival = isStart ? bytes32("start") : keccak256(abi.encode(seed));
        address who = seed >> 16 & 1 == 0 ? sponsor : other;
        bytes memory data = isStart
            ? abi.encodeCall(court.challengeStart, (c, own[0], orderOpening, bond))
            : challengeData(c, rival, bond);
        if (!attempt(isStart ? "start" : "history", who, address(court), data)) return;
        bytes20 game = court.gameOf(hash, who, rival);
        challenges.push(Challenge(which, game, who, rival));
        if (!isStart) track(game, openingPosition(c, who, rival));
    }

    /// @dev Somebody says that a clock is over, or what came of a game.
    function hurry(uint256 seed) internal {
        if (challenges.length == 0) return;
        Challenge memory ch = challenges[seed % challenges.length];
        if (seed >> 64 & 1 == 0 && !isOwnTurn(ch)) skip(params.courtClockSeconds + params.courtInclusionSeconds + 1);
        answer(seed);
        attempt("timeout", matcher, address(games), abi.encodeCall(games.timeout, (ch.game)));
        bytes memory data = abi.encodeCall(court.conclude, (own[ch.which], ch.who, ch.rival));
        attempt("conclude", matcher, address(court), data);
    }

    function isOwnTurn(Challenge memory ch) internal view returns (bool) {
        IGames.GameView memory v = games.game(ch.game);
        return v.since != 0 && v.outcome == IGames.Outcome.none && v.stage != IGames.Stage.choose;
    }

    /// @dev Always in time: shows its start, or reveals.
    function answer(uint256) internal {
        for (uint256 i = 0; i < challenges.length; ++i) {
            Challenge memory ch = challenges[i];
            if (!isOwnTurn(ch)) continue;
            bytes memory data;
            if (ch.rival == "start") {
                data = abi.encodeCall(court.showStart, (own[ch.which], own[0], start_, voidedFrom()));
                vm.prank(provider.operator);
                (bool ok, bytes memory out) = address(court).call(data);
                if (!ok) revertWith(out);
                ++done["shown"];
            } else {
                IGames.GameView memory v = games.game(ch.game);
                data = revealMove(ch.game, v, honest()).data;
                vm.prank(provider.operator);
                (bool ok, bytes memory out) = address(games).call(data);
                if (!ok) revertWith(out);
                ++done["revealed"];
            }
        }
    }

    function revertWith(bytes memory out) private pure {
        assembly ("memory-safe") {
            revert(add(out, 32), mload(out))
        }
    }

    function voidedFrom() internal view returns (uint32) {
        for (uint256 i = 0; i < voids.length; ++i) {
            if (voids[i] <= start_.segment) return voids[i];
        }
        return 0;
    }

    /// @notice Whatever was done: the honest node has all it had, and its segments stand.
    function check() public view {
        vm.assertEq(registry.stakeOf(nodes[1].id), stakeAtFirst, "stake");
        if (heir == 0) return;
        vm.assertEq(channels.channel(heir).bondSlashed, 0, "bond");
        for (uint256 i = 0; i < own.length; ++i) {
            vm.assertFalse(court.dispute(audits.commitmentHash(own[i])).eliminated, "eliminated");
            vm.assertFalse(audits.segment(heir, uint32(i)).voided, "void");
        }
        for (uint256 i = 0; i < challenges.length; ++i) {
            vm.assertTrue(games.game(challenges[i].game).outcome != IGames.Outcome.rival, "lost");
        }
    }
}

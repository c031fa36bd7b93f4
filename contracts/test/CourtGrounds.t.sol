// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IAudits} from "../src/interfaces/IAudits.sol";
import {IExactCourt} from "../src/interfaces/ICourt.sol";
import {IGames} from "../src/interfaces/IGames.sol";
import {IRivals} from "../src/interfaces/IRivals.sol";
import {CloseReason, LeaseState} from "../src/types/Leases.sol";
import {Order, SegmentCommitment} from "../src/types/Orders.sol";
import {CourtFixture} from "./base/CourtFixture.sol";
import {MerkleTree} from "./base/MerkleTree.sol";
import {vm} from "./base/Vm.sol";

/// @notice On what a commitment may be disputed, when, and what is refused.
contract CourtGroundsTest is CourtFixture {
    uint32 internal constant NAN = 0x7fc00000;

    function hashOf(SegmentCommitment memory c) internal view returns (bytes32) {
        return audits.commitmentHash(c);
    }

    function disputed(SegmentCommitment memory c) internal view returns (bytes memory) {
        return challengeData(c, "rival", ladder());
    }

    function refusesAll(SegmentCommitment memory c, bytes memory expected) internal {
        IExactCourt.StepOpening memory step;
        IExactCourt.WordOpening memory word;
        reverts(sponsor, address(court), disputed(c), expected);
        bytes memory data = abi.encodeCall(court.challengeStart, (c, c, orderOpening, ladder()));
        reverts(sponsor, address(court), data, expected);
        reverts(
            sponsor, address(court), abi.encodeCall(court.proveFields, (c, orderOpening, step)), expected
        );
        reverts(
            sponsor, address(court), abi.encodeCall(court.proveNanLoss, (c, orderOpening, step)), expected
        );
        reverts(
            sponsor, address(court), abi.encodeCall(court.proveNanState, (c, orderOpening, step, word)), expected
        );
    }

    // ---- what may be disputed, and when ---------------------------------------------------------------------------

    function test_OnlyARecordedCommitmentOfThisCourtsLease() public {
        skip(SEGMENT_SECONDS);
        SegmentCommitment memory c = segmentOf(honest());
        refusesAll(c, abi.encodeWithSelector(IExactCourt.CommitmentMismatch.selector, bytes32(0), hashOf(c)));
        commit(c);
        bytes32 recorded = hashOf(c);
        c.tokens += 1;
        refusesAll(c, abi.encodeWithSelector(IExactCourt.CommitmentMismatch.selector, recorded, hashOf(c)));
        c.tokens -= 1;

        // A lease without a court, and one of a tier that is not heard.
        Order memory bare = order;
        bare.courtId = 0;
        bare.nonce = nextNonce++;
        id = openFill(offerOf(provider), provider.operatorKey, bare, 0, 0);
        startLease(id, provider);
        (order, offerHash) = (bare, market.offerHash(offerOf(provider)));
        c = commitSide(honest());
        refusesAll(c, abi.encodeWithSelector(IExactCourt.NotThisCourt.selector, id));
    }

    function test_NotOnceTheWindowIsOver() public {
        SegmentCommitment memory c = commitSide(honest());
        uint256 until = audits.segment(id, 0).committedAt + params.challengeWindowSeconds;
        vm.warp(until + 1);
        refusesAll(c, abi.encodeWithSelector(IRivals.WindowOver.selector, hashOf(c), until));
        vm.warp(until);
        succeeds(sponsor, address(court), disputed(c));
    }

    function test_NotWhileItCanBeTakenBack() public {
        skip(SEGMENT_SECONDS);
        SegmentCommitment memory c = segmentOf(honest());
        c.beaconRound = beacon.currentRound() + 3;
        succeeds(matcher, address(audits), commitData(c));
        vm.warp(beacon.startOf(c.beaconRound) - 1);
        refusesAll(c, abi.encodeWithSelector(IExactCourt.StillRetractable.selector, hashOf(c), c.beaconRound));
        skip(1);
        succeeds(sponsor, address(court), disputed(c));
    }

    function test_NotOnceTheLeaseIsSettled() public {
        // Without a claim window to wait for, the window of a segment still ends before the lease can be settled.
        SegmentCommitment memory c = commitSide(honest());
        closeAs(buyer, id, CloseReason.completed);
        vm.warp(audits.segment(id, 0).committedAt + params.challengeWindowSeconds);
        revertsWith(matcher, address(market), abi.encodeCall(market.settle, (id)), bytes4(keccak256("SettleTooEarly(bytes32,uint256)")));
        succeeds(sponsor, address(court), disputed(c));
    }

    function test_TheOrderAndItsDetailsAreOpened() public {
        SegmentCommitment memory c = commitSide(honest());
        bytes32 right = market.orderHash(order);
        orderOpening.order.nonce += 1;
        refusesOpening(
            c,
            abi.encodeWithSelector(IExactCourt.OrderMismatch.selector, right, market.orderHash(orderOpening.order))
        );
        orderOpening.order.nonce -= 1;
        orderOpening.salt = "other salt";
        refusesOpeningWith(c);
        orderOpening.salt = SALT;
        orderOpening.path[1] = "other sibling";
        refusesOpeningWith(c);
        orderOpening.path[1] = "right";
        orderOpening.program.tokens += 1;
        refusesOpeningWith(c);
        orderOpening.program.tokens -= 1;
        succeeds(sponsor, address(court), disputed(c));
    }

    function refusesOpening(SegmentCommitment memory c, bytes memory expected) internal {
        reverts(sponsor, address(court), disputed(c), expected);
    }

    function refusesOpeningWith(SegmentCommitment memory c) internal {
        revertsWith(sponsor, address(court), disputed(c), IExactCourt.DetailsMismatch.selector);
    }

    // ---- fields ---------------------------------------------------------------------------------------------------

    function lastStep(Side memory side, bytes32 state) internal pure returns (IExactCourt.StepOpening memory s) {
        s.step = firstStep() + steps() - 1;
        s.loss = 3;
        s.state = state;
        s.path = MerkleTree.path(historyLeaves(side), steps() - 1);
    }

    function provenFields(SegmentCommitment memory c, IExactCourt.StepOpening memory last) internal {
        uint64 bond = market.moneyOf(id).bond;
        succeeds(other, address(court), abi.encodeCall(court.proveFields, (c, orderOpening, last)));
        vm.assertTrue(court.dispute(hashOf(c)).eliminated);
        vm.assertEq(earned(other), bond / 2);
        assertState(id, LeaseState.closing);
    }

    function test_AnotherProgramIsProvenAtOnce() public {
        IExactCourt.StepOpening memory none;
        skip(SEGMENT_SECONDS);
        SegmentCommitment memory c = segmentOf(honest());
        c.program = "another";
        commit(c);
        provenFields(c, none);
    }

    function test_OtherDataAreProvenAtOnce() public {
        IExactCourt.StepOpening memory none;
        skip(SEGMENT_SECONDS);
        SegmentCommitment memory c = segmentOf(honest());
        c.dataRoot = "another";
        commit(c);
        provenFields(c, none);
    }

    function test_StepsThatAreNoSegmentAreProvenAtOnce() public {
        IExactCourt.StepOpening memory none;
        uint64[2][5] memory wrong =
            [[uint64(1), 40], [uint64(0), 38], [uint64(0), 40], [uint64(160), 199], [uint64(120), 160]];
        for (uint256 i = 0; i < 5; ++i) {
            if (i != 0) {
                (id, order, offerHash) = openRun(provider, courtProgram());
                startLease(id, provider);
                orderOpening = openingOf(order, courtProgram());
            }
            skip(SEGMENT_SECONDS);
            SegmentCommitment memory c = segmentOf(honest());
            (c.firstStep, c.lastStep) = (wrong[i][0], wrong[i][1]);
            commit(c);
            succeeds(other, address(court), abi.encodeCall(court.proveFields, (c, orderOpening, none)));
        }
    }

    function test_AnEndThatIsNotTheLastStateIsProvenAtOnce() public {
        skip(SEGMENT_SECONDS);
        Side memory side = honest();
        SegmentCommitment memory c = segmentOf(side);
        bytes32[] memory leaves = historyLeaves(side);
        leaves[steps() - 1] = sha256(abi.encodePacked(uint8(0), stepRoot(steps() - 1, 3, "last state")));
        c.historyRoot = MerkleTree.root(leaves);
        c.endRoot = "last state";
        commit(c);
        // As it is, nothing is false.
        IExactCourt.StepOpening memory last = lastStep(side, "last state");
        bytes memory data = abi.encodeCall(court.proveFields, (c, orderOpening, last));
        reverts(other, address(court), data, abi.encodeWithSelector(IExactCourt.NothingFalse.selector));
        last.state = "other state";
        data = abi.encodeCall(court.proveFields, (c, orderOpening, last));
        revertsWith(other, address(court), data, IGames.HashMismatch.selector);

        (id, order, offerHash) = openRun(provider, courtProgram());
        startLease(id, provider);
        orderOpening = openingOf(order, courtProgram());
        skip(SEGMENT_SECONDS);
        (c.leaseId, c.orderHash, c.endRoot) = (id, market.orderHash(order), "other state");
        c.beaconRound = beacon.currentRound() + 1;
        commit(c);
        // Another step's state is no proof.
        last = lastStep(side, "last state");
        last.step -= 1;
        data = abi.encodeCall(court.proveFields, (c, orderOpening, last));
        revertsWith(other, address(court), data, IGames.HashMismatch.selector);
        provenFields(c, lastStep(side, "last state"));
    }

    function test_WhatIsProvenAtOnceEndsEveryDispute() public {
        skip(SEGMENT_SECONDS);
        SegmentCommitment memory c = segmentOf(honest());
        c.program = "another";
        commit(c);
        bytes20 game = challengeAs(sponsor, c, liar(Lie.loss, 0, 0), ladder());
        IExactCourt.StepOpening memory none;
        provenFields(c, none);
        vm.assertEq(channels.channel(id).frozenUntil, 0);
        bytes memory data = concludeData(c, sponsor, liar(Lie.loss, 0, 0));
        reverts(matcher, address(court), data, abi.encodeWithSelector(IRivals.Eliminated.selector, hashOf(c)));
        court.reclaim(hashOf(c), sponsor, MerkleTree.root(historyLeaves(liar(Lie.loss, 0, 0))));
        vm.assertEq(court.depositOf(sponsor), 1e9);
        assertOutcome(game, IGames.Outcome.none);
    }

    // ---- NaN ------------------------------------------------------------------------------------------------------

    /// @dev A history whose step 7 has this loss and state.
    function withStep7(uint32 loss, bytes32 state)
        internal
        returns (SegmentCommitment memory c, IExactCourt.StepOpening memory opening_)
    {
        skip(SEGMENT_SECONDS);
        c = segmentOf(honest());
        bytes32[] memory leaves = historyLeaves(honest());
        leaves[7] = sha256(abi.encodePacked(uint8(0), stepRoot(7, loss, state)));
        c.historyRoot = MerkleTree.root(leaves);
        commit(c);
        opening_ = IExactCourt.StepOpening(7, loss, state, MerkleTree.path(leaves, 7));
    }

    function test_ALossThatIsNoNumber() public {
        (SegmentCommitment memory c, IExactCourt.StepOpening memory o) = withStep7(NAN | 1 << 31, "state");
        o.loss = NAN;
        bytes memory data = abi.encodeCall(court.proveNanLoss, (c, orderOpening, o));
        revertsWith(other, address(court), data, IGames.HashMismatch.selector);
        o.loss = NAN | 1 << 31;
        succeeds(other, address(court), abi.encodeCall(court.proveNanLoss, (c, orderOpening, o)));
        vm.assertTrue(court.dispute(hashOf(c)).eliminated);
    }

    function test_AnInfiniteLossIsANumber() public {
        (SegmentCommitment memory c, IExactCourt.StepOpening memory o) = withStep7(0xff800000, "state");
        bytes memory data = abi.encodeCall(court.proveNanLoss, (c, orderOpening, o));
        reverts(other, address(court), data, abi.encodeWithSelector(IExactCourt.NotNan.selector, 0xff800000));
    }

    /// @dev A state after step 7 with this word at place 40 of entry `w`, f32 [1, 70] or i32.
    function withWord(uint32 word, uint8 dtype)
        internal
        returns (SegmentCommitment memory c, IExactCourt.StepOpening memory o, IExactCourt.WordOpening memory w)
    {
        uint32[] memory words = trueWords(0);
        words[40] = word;
        bytes[] memory leaves = new bytes[](3);
        (leaves[0], leaves[1], leaves[2]) =
            (leafBytes(words, 0, 32), leafBytes(words, 32, 32), leafBytes(words, 64, 6));
        bytes32[] memory hashes = hashesOf(leaves);
        w.shape = shapeOf(0);
        w.leavesRoot = MerkleTree.root(hashes);
        bytes32[] memory entries = entriesBefore();
        entries[0] = entryLeaf(0, tensorRoot(dtype, w.shape, w.leavesRoot));
        w.entriesRoot = MerkleTree.root(entries);
        (w.entry, w.name, w.entryPath) = (0, "w", MerkleTree.path(entries, 0));
        (w.leaf, w.data, w.leafPath, w.word) = (1, leaves[1], MerkleTree.path(hashes, 1), 8);
        (c, o) = withStep7(1, stateRoot(8, entries));
    }

    function test_AStateWordThatIsNoNumber() public {
        (SegmentCommitment memory c, IExactCourt.StepOpening memory o, IExactCourt.WordOpening memory w) =
            withWord(NAN, 0);
        w.word = 7;
        bytes memory data = abi.encodeCall(court.proveNanState, (c, orderOpening, o, w));
        revertsWith(other, address(court), data, IExactCourt.NotNan.selector);
        w.word = 8;
        w.name = "b";
        data = abi.encodeCall(court.proveNanState, (c, orderOpening, o, w));
        revertsWith(other, address(court), data, IGames.HashMismatch.selector);
        w.name = "w";
        data = abi.encodeCall(court.proveNanState, (c, orderOpening, o, w));
        succeeds(other, address(court), data);
        vm.assertTrue(court.dispute(hashOf(c)).eliminated);
    }

    function test_AnIntegerIsNeverNan() public {
        (SegmentCommitment memory c, IExactCourt.StepOpening memory o, IExactCourt.WordOpening memory w) =
            withWord(NAN, 1);
        bytes memory data = abi.encodeCall(court.proveNanState, (c, orderOpening, o, w));
        revertsWith(other, address(court), data, IGames.HashMismatch.selector);
    }

    // ---- beside audits --------------------------------------------------------------------------------------------

    function test_WhatAuditsVoidedIsPunishedToo() public {
        Side memory lie = liar(Lie.loss, 0, 0);
        SegmentCommitment memory c = commitSide(lie);
        SegmentCommitment memory twin = abi.decode(abi.encode(c), (SegmentCommitment));
        twin.endRoot = "another";
        bytes memory a = signed(provider.operatorKey, audits.commitmentDigest(c));
        bytes memory b = signed(provider.operatorKey, audits.commitmentDigest(twin));
        audits.reportEquivocation(c, a, twin, b);
        vm.assertTrue(audits.segment(id, 0).voided);
        uint96 stake = registry.stakeOf(provider.id);
        bytes20 game = challengeAs(sponsor, c, honest(), ladder());
        play(game, lie, honest());
        succeeds(matcher, address(court), concludeData(c, sponsor, honest()));
        vm.assertLt(registry.stakeOf(provider.id), stake);
        vm.assertGt(earned(sponsor), 0);
    }

    function test_OnlyTheLeasesCourtVoids() public {
        commitSide(honest());
        bytes memory data = abi.encodeCall(audits.courtVoid, (id, 0));
        reverts(sponsor, address(audits), data, abi.encodeWithSelector(IAudits.NotCourt.selector, id, sponsor));
        data = abi.encodeCall(audits.courtVoid, (id, 1));
        reverts(address(court), address(audits), data, abi.encodeWithSelector(IAudits.SegmentUnknown.selector, id, 1));
    }
}

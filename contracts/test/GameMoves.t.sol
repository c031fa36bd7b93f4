// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {
    AccBefore,
    AccChoice,
    AccsClaim,
    Choice,
    CourtProgram,
    Facts,
    IGames,
    LeafChoice,
    LeafOpening,
    Place,
    Position,
    Record,
    StepBefore,
    StepClaim,
    TensorLeaf
} from "../src/interfaces/IGames.sol";
import {SegmentCommitment} from "../src/types/Orders.sol";
import {CourtFixture} from "./base/CourtFixture.sol";
import {MerkleTree} from "./base/MerkleTree.sol";
import {vm} from "./base/Vm.sol";

/// @notice What each move refuses, and clocks.
contract GameMovesTest is CourtFixture {
    Side internal lie;
    bytes20 internal game;
    SegmentCommitment internal committed;

    function begin(Side memory defender) internal {
        lie = defender;
        committed = commitSide(defender);
        game = challengeAs(sponsor, committed, honest(), ladder());
    }

    function upTo(IGames.Level level, IGames.Stage stage) internal returns (IGames.GameView memory) {
        playTo(game, level, stage, lie, honest());
        return games.game(game);
    }

    function refuses(bytes memory data, bytes memory expected) internal {
        reverts(mover(game), address(games), data, expected);
    }

    function refusesWith(bytes memory data, bytes4 selector) internal {
        revertsWith(mover(game), address(games), data, selector);
    }

    function now_() internal view returns (IGames.GameView memory) {
        return games.game(game);
    }

    // ---- reveals --------------------------------------------------------------------------------------------------

    function test_ARevealFitsItsPlaceAndItsHash() public {
        begin(liar(Lie.word, WIDTH_VALUE, 5));
        Position memory p = positionOf(game);
        bytes memory content = contentOf(now_(), lie, 0);
        Place memory elsewhere = place(p);
        elsewhere.rival = "else";
        bytes memory expected = abi.encodeWithSelector(
            IGames.PlaceMismatch.selector, keccak256(abi.encode(place(p))), keccak256(abi.encode(elsewhere))
        );
        refuses(abi.encodeCall(games.reveal, (game, elsewhere, content)), expected);

        bytes memory longer = abi.encodePacked(content, bytes32(0));
        expected = abi.encodeWithSelector(IGames.ContentLength.selector, longer.length, content.length);
        refuses(abi.encodeCall(games.reveal, (game, place(p), longer)), expected);

        content[40] ^= 0x01;
        refusesWith(abi.encodeCall(games.reveal, (game, place(p), content)), IGames.HashMismatch.selector);

        expected = abi.encodeWithSelector(IGames.GameUnknown.selector, bytes20("none"));
        refuses(abi.encodeCall(games.reveal, (bytes20("none"), place(p), content)), expected);
    }

    function test_MovesComeInTurns() public {
        begin(liar(Lie.word, WIDTH_VALUE, 5));
        Choice memory c = Choice(0, 0, "x", new bytes32[](0));
        bytes memory expected = abi.encodeWithSelector(
            IGames.WrongStage.selector, game, IGames.Level.steps, IGames.Stage.reveal
        );
        Place memory p = place(positionOf(game));
        refuses(abi.encodeCall(games.choose, (game, p, c)), expected);
        bytes memory again = moveOf(game, lie, honest()).data;
        mustMove(game, lie, honest());
        expected = abi.encodeWithSelector(IGames.WrongStage.selector, game, IGames.Level.steps, IGames.Stage.choose);
        refuses(again, expected);
        // What ends a level isn't possible before its leaves are shown.
        StepClaim memory claim;
        expected = abi.encodeWithSelector(IGames.WrongHeight.selector, game, 1);
        refuses(abi.encodeCall(games.chooseStep, (game, positionOf(game), courtProgram(), c, claim, "")), expected);
        // Nor another level's move.
        Record memory record;
        expected = abi.encodeWithSelector(IGames.WrongStage.selector, game, IGames.Level.steps, IGames.Stage.choose);
        refuses(abi.encodeCall(games.proveConstant, (game, positionOf(game), c, record)), expected);
        refuses(abi.encodeCall(games.proveLoss, (game, positionOf(game), courtProgram(), "", c.siblings)), expected);
    }

    // ---- choices --------------------------------------------------------------------------------------------------

    function choice(Choice memory c) internal view returns (bytes memory) {
        return abi.encodeCall(games.choose, (game, place(positionOf(game)), c));
    }

    /// @dev The right choice, before the last reveal of the history; 20 nodes are shown and node 8 differs first.
    function rightChoice() internal view returns (Choice memory c) {
        IGames.GameView memory v = now_();
        (bytes32[] memory a, bytes32[] memory b) = treesOf(v.level, lie, honest(), 0);
        Difference memory d = firstDifference(v, a, b);
        return Choice(uint32(d.index), nodesAt(a, v.shown)[d.index], nodesAt(b, v.shown)[d.index], d.siblings);
    }

    function test_AChoiceIsTheFirstDifference() public {
        begin(liar(Lie.word, WIDTH_VALUE, 5));
        upTo(IGames.Level.steps, IGames.Stage.reveal);
        mustMove(game, lie, honest());
        Choice memory c = rightChoice();
        vm.assertEq(c.index, 8);

        // A later one: node 9 differs too (both continue differently), but its sibling on the left isn't shared.
        (bytes32[] memory a, bytes32[] memory b) = treesOf(IGames.Level.steps, lie, honest(), 0);
        (a, b) = (nodesAt(a, 1), nodesAt(b, 1));
        bytes32[] memory siblings = new bytes32[](c.siblings.length - 1);
        for (uint256 i = 1; i < siblings.length; ++i) {
            siblings[i] = c.siblings[i + 1];
        }
        siblings[0] = a[8];
        refusesWith(choice(Choice(9, a[9], b[9], siblings)), IGames.HashMismatch.selector);
        siblings[0] = b[8];
        refusesWith(choice(Choice(9, a[9], b[9], siblings)), IGames.HashMismatch.selector);

        // An earlier one: no difference.
        refuses(choice(Choice(7, a[7], a[7], c.siblings)), abi.encodeWithSelector(IGames.NoDifference.selector));
        bytes memory expected = abi.encodeWithSelector(IGames.IndexOutside.selector, 20, 0, 32);
        refuses(choice(Choice(20, a[8], b[8], c.siblings)), expected);

        siblings = c.siblings;
        c.siblings = new bytes32[](siblings.length - 1);
        expected = abi.encodeWithSelector(IGames.SiblingsWrong.selector, siblings.length - 1);
        refuses(choice(c), expected);
        c.siblings = new bytes32[](siblings.length + 1);
        expected = abi.encodeWithSelector(IGames.SiblingsWrong.selector, siblings.length + 1);
        refuses(choice(c), expected);

        c = rightChoice();
        c.rival = "another";
        refusesWith(choice(c), IGames.HashMismatch.selector);
        c = rightChoice();
        c.defender = "another";
        refusesWith(choice(c), IGames.HashMismatch.selector);
        succeeds(mover(game), address(games), choice(rightChoice()));
    }

    // ---- into a step ----------------------------------------------------------------------------------------------

    function stepChoice() internal view returns (Choice memory) {
        return contentChoice(now_(), stepRoots(lie), stepRoots(honest()));
    }

    function test_AStepIsChosenWithWhatIsBehindIt() public {
        begin(liar(Lie.word, WIDTH_VALUE, 5));
        upTo(IGames.Level.steps, IGames.Stage.choose);
        Position memory p = positionOf(game);
        CourtProgram memory program = courtProgram();
        StepClaim memory claim = claimOf(honest());
        Choice memory c = stepChoice();
        program.rows = 9;
        bytes memory expected = abi.encodeWithSelector(
            IGames.ProgramMismatch.selector, p.facts.program, courtProgramHash(program)
        );
        refuses(abi.encodeCall(games.chooseStep, (game, p, program, c, claim, "")), expected);
        program = courtProgram();
        claim.loss ^= 1;
        refusesWith(
            abi.encodeCall(games.chooseStep, (game, p, program, c, claim, "")), IGames.HashMismatch.selector
        );
        claim = claimOf(honest());
        claim.entriesRoot = "else";
        refusesWith(
            abi.encodeCall(games.chooseStep, (game, p, program, c, claim, "")), IGames.HashMismatch.selector
        );
        // Its own word: nobody else's, not the defender's, not with a signature by another key.
        claim = claimOf(honest());
        bytes memory data = abi.encodeCall(games.chooseStep, (game, p, program, c, claim, ""));
        expected = abi.encodeWithSelector(IGames.ClaimNotAuthorized.selector, game, provider.operator);
        reverts(provider.operator, address(games), data, expected);
        bytes memory signature = signed(7, games.claimDigest(game, IGames.Level.values, claim.valuesRoot));
        data = abi.encodeCall(games.chooseStep, (game, p, program, c, claim, signature));
        reverts(
            sponsor, address(games), data, abi.encodeWithSelector(IGames.ClaimNotAuthorized.selector, game, vm.addr(7))
        );
    }

    function test_AStepIsEnteredFromTheStateBefore() public {
        begin(liar(Lie.word, WIDTH_VALUE, 5));
        IGames.GameView memory v = upTo(IGames.Level.values, IGames.Stage.enter);
        Position memory p = positionOf(game);
        CourtProgram memory program = courtProgram();
        StepClaim memory claim = claimOf(lie);
        bytes memory content = nodesOf(valueLeaves(lie), valueRoots(lie), 5);
        StepBefore memory b = StepBefore(
            5, stateRoot(step(), entriesBefore()), MerkleTree.path(historyLeaves(lie), v.index - 1)
        );
        b.loss = 6;
        refusesWith(
            abi.encodeCall(games.enterStep, (game, p, program, b, claim, content, "")), IGames.HashMismatch.selector
        );
        (b.loss, b.state) = (5, "else");
        refusesWith(
            abi.encodeCall(games.enterStep, (game, p, program, b, claim, content, "")), IGames.HashMismatch.selector
        );
        b.state = stateRoot(step(), entriesBefore());
        bytes memory data = abi.encodeCall(games.enterStep, (game, p, program, b, claim, content, ""));
        reverts(
            sponsor, address(games), data, abi.encodeWithSelector(IGames.ClaimNotAuthorized.selector, game, sponsor)
        );
        claim.valuesRoot = claimOf(honest()).valuesRoot;
        // Whoever claims the rival's values has to show the tree of entries.
        refusesWith(
            abi.encodeCall(games.enterStep, (game, p, program, b, claim, content, "")), IGames.ContentLength.selector
        );
        // The owner may speak for the node as well.
        succeeds(provider.owner, address(games), data);
    }

    // ---- into a value ---------------------------------------------------------------------------------------------

    function valueChoice() internal view returns (Choice memory) {
        return contentChoice(now_(), valueRoots(lie), valueRoots(honest()));
    }

    function test_AValueIsChosenWithItsRecord() public {
        begin(liar(Lie.word, WIDTH_VALUE, 5));
        upTo(IGames.Level.values, IGames.Stage.choose);
        Position memory p = positionOf(game);
        Choice memory c = valueChoice();
        bytes32 root = leavesRootOf(honest(), WIDTH_VALUE);
        Record memory r = Record(recordOf(WIDTH_VALUE), MerkleTree.path(recordLeaves(), WIDTH_VALUE));
        refusesWith(
            abi.encodeCall(games.chooseValue, (game, p, c, r, bytes32("else"))), IGames.HashMismatch.selector
        );
        r.data[1] ^= 0x01;
        refusesWith(abi.encodeCall(games.chooseValue, (game, p, c, r, root)), IGames.HashMismatch.selector);
        r = Record(recordOf(SUM_VALUE), MerkleTree.path(recordLeaves(), SUM_VALUE));
        refusesWith(abi.encodeCall(games.chooseValue, (game, p, c, r, root)), IGames.HashMismatch.selector);
        // A node is nothing that is given.
        r = Record(recordOf(WIDTH_VALUE), MerkleTree.path(recordLeaves(), WIDTH_VALUE));
        bytes memory data = abi.encodeCall(games.proveConstant, (game, p, c, r));
        refusesWith(data, bytes4(keccak256("RecordMalformed()")));
    }

    function test_AGivenValueIsNotEntered() public {
        begin(liar(Lie.word, 5, 5));
        upTo(IGames.Level.values, IGames.Stage.choose);
        Record memory r = Record(recordOf(5), MerkleTree.path(recordLeaves(), 5));
        bytes32 root = leavesRootOf(honest(), 5);
        bytes memory data = abi.encodeCall(games.chooseValue, (game, positionOf(game), valueChoice(), r, root));
        refuses(data, abi.encodeWithSelector(IGames.RecordInvalid.selector, 3));
        // Nor proven as something else that is given.
        TensorLeaf memory rate_ = lineLeaf(ratesLeaves(), 0);
        data = abi.encodeCall(games.proveRate, (game, positionOf(game), courtProgram(), valueChoice(), r, rate_));
        refuses(data, abi.encodeWithSelector(IGames.RecordInvalid.selector, 3));
    }

    function test_AValueIsEnteredByItsTensorRoot() public {
        begin(liar(Lie.word, WIDTH_VALUE, 5));
        IGames.GameView memory v = upTo(IGames.Level.leaves, IGames.Stage.enter);
        Position memory p = positionOf(game);
        bytes memory content = contentOf(v, lie, WIDTH_VALUE);
        bytes32 root = leavesRootOf(lie, WIDTH_VALUE);
        bytes memory record = recordOf(SUM_VALUE);
        refusesWith(
            abi.encodeCall(games.enterValue, (game, p, record, root, content)), IGames.HashMismatch.selector
        );
        record = recordOf(WIDTH_VALUE);
        root = leavesRootOf(honest(), WIDTH_VALUE);
        refusesWith(
            abi.encodeCall(games.enterValue, (game, p, record, root, content)), IGames.HashMismatch.selector
        );
    }

    // ---- words ----------------------------------------------------------------------------------------------------

    function test_AWordIsProvenFromItsOperands() public {
        begin(liar(Lie.word, WIDTH_VALUE, 35));
        IGames.GameView memory v = upTo(IGames.Level.leaves, IGames.Stage.choose);
        Position memory p = positionOf(game);
        (LeafChoice memory c,) = leafChoice(v, lie, honest(), WIDTH_VALUE);
        bytes memory r = recordOf(WIDTH_VALUE);
        LeafOpening[] memory o = new LeafOpening[](1);

        // No partial sums here.
        AccsClaim memory accs = accsClaim(honest());
        refuses(
            abi.encodeCall(games.chooseWord, (game, p, r, c, accs, "")),
            abi.encodeWithSelector(IGames.OperatorFolds.selector, false)
        );
        // Another leaf of the operand doesn't help, nor a false one, nor another operand.
        o[0] = opening(honest(), 0, 0);
        refusesWith(abi.encodeCall(games.proveWord, (game, p, r, c, o)), bytes4(keccak256("NotOpened(uint8,uint64)")));
        o[0] = opening(honest(), 0, 1);
        o[0].data[4] ^= 0x01;
        refusesWith(abi.encodeCall(games.proveWord, (game, p, r, c, o)), IGames.HashMismatch.selector);
        o[0] = opening(honest(), 0, 1);
        o[0].operand = 1;
        refuses(
            abi.encodeCall(games.proveWord, (game, p, r, c, o)), abi.encodeWithSelector(IGames.OperandUnknown.selector, 1)
        );
        LeafOpening[] memory many = new LeafOpening[](5);
        refuses(
            abi.encodeCall(games.proveWord, (game, p, r, c, many)),
            abi.encodeWithSelector(IGames.TooManyOpenings.selector, 5, 4)
        );
        // Under the defender's own values root neither: what is right of the value differs there.
        o[0] = opening(lie, 0, 1);
        refusesWith(abi.encodeCall(games.proveWord, (game, p, r, c, o)), IGames.HashMismatch.selector);
        // Nor with another record.
        o[0] = opening(honest(), 0, 1);
        refusesWith(
            abi.encodeCall(games.proveWord, (game, p, recordOf(9), c, o)), IGames.HashMismatch.selector
        );
        c.defender = abi.encodePacked(c.defender, bytes32(0));
        refuses(
            abi.encodeCall(games.proveWord, (game, p, r, c, o)),
            abi.encodeWithSelector(IGames.ContentLength.selector, 160, 128)
        );
        (c,) = leafChoice(v, lie, honest(), WIDTH_VALUE);
        succeeds(matcher, address(games), abi.encodeCall(games.proveWord, (game, p, r, c, o)));
        assertOutcome(game, IGames.Outcome.rival);
    }

    function test_PartialSumsAreClaimedWithTheLastOne() public {
        begin(liar(Lie.sum, SUM_VALUE, 1));
        IGames.GameView memory v = upTo(IGames.Level.leaves, IGames.Stage.choose);
        Position memory p = positionOf(game);
        (LeafChoice memory c,) = leafChoice(v, lie, honest(), SUM_VALUE);
        bytes memory r = recordOf(SUM_VALUE);
        LeafOpening[] memory o = new LeafOpening[](1);
        o[0] = opening(honest(), WIDTH_VALUE, 0);
        refuses(
            abi.encodeCall(games.proveWord, (game, p, r, c, o)),
            abi.encodeWithSelector(IGames.OperatorFolds.selector, true)
        );
        AccsClaim memory claim = accsClaim(lie);
        refusesWith(abi.encodeCall(games.chooseWord, (game, p, r, c, claim, "")), IGames.HashMismatch.selector);
        mustMove(game, lie, honest());

        p = positionOf(game);
        claim = accsClaim(honest());
        bytes memory content = contentOf(games.game(game), honest(), 0);
        refusesWith(abi.encodeCall(games.enterFold, (game, p, claim, content, "")), IGames.HashMismatch.selector);
    }

    /// @dev The proof of the fold with another acc before, and another leaf of the operand.
    function foldProof(uint32 flip, uint32 leaf) internal view returns (bytes memory) {
        (uint32[] memory a, uint32[] memory b) = (accsOf(lie), accsOf(honest()));
        Difference memory d = firstDifference(games.game(game), accLeaves(lie), accLeaves(honest()));
        AccChoice memory c = AccChoice(1, a[1], b[1], d.siblings);
        AccBefore memory before = AccBefore(a[0] ^ flip, MerkleTree.path(accLeaves(honest()), 0));
        LeafOpening[] memory o = new LeafOpening[](1);
        o[0] = opening(honest(), WIDTH_VALUE, leaf);
        return abi.encodeCall(games.proveFold, (game, positionOf(game), recordOf(SUM_VALUE), c, before, o));
    }

    function test_AFoldIsProvenByItsChunk() public {
        begin(liar(Lie.sum, SUM_VALUE, 1));
        upTo(IGames.Level.accs, IGames.Stage.choose);
        refusesWith(foldProof(1, 1), IGames.HashMismatch.selector);
        refusesWith(foldProof(0, 2), bytes4(keccak256("NotOpened(uint8,uint64)")));
        bytes memory proof = foldProof(0, 1);
        succeeds(matcher, address(games), proof);
        assertOutcome(game, IGames.Outcome.rival);
        refuses(proof, abi.encodeWithSelector(IGames.GameOver.selector, game, IGames.Outcome.rival));
    }

    // ---- clocks ---------------------------------------------------------------------------------------------------

    function test_SilenceLoses() public {
        begin(liar(Lie.word, WIDTH_VALUE, 5));
        uint256 deadline = time() + params.courtClockSeconds + params.courtInclusionSeconds;
        vm.assertEq(now_().deadline, deadline);
        vm.warp(deadline);
        bytes memory data = abi.encodeCall(games.timeout, (game));
        reverts(matcher, address(games), data, abi.encodeWithSelector(IGames.ClockRunning.selector, game, deadline));
        vm.warp(deadline + 1);
        bytes memory late = moveOf(game, lie, honest()).data;
        refuses(late, abi.encodeWithSelector(IGames.ClockOver.selector, game, deadline));
        succeeds(matcher, address(games), data);
        assertOutcome(game, IGames.Outcome.rival);
        reverts(
            matcher,
            address(games),
            data,
            abi.encodeWithSelector(IGames.GameOver.selector, game, IGames.Outcome.rival)
        );
    }

    function test_ASilentRivalLoses() public {
        begin(liar(Lie.word, WIDTH_VALUE, 5));
        mustMove(game, lie, honest());
        lateFor(game);
        games.timeout(game);
        assertOutcome(game, IGames.Outcome.defender);
    }

    function test_AMoveCostsItsTimeButForTheInclusionDelay() public {
        begin(liar(Lie.word, WIDTH_VALUE, 5));
        skip(params.courtInclusionSeconds);
        mustMove(game, lie, honest());
        vm.assertEq(now_().defenderLeft, params.courtClockSeconds);
        skip(params.courtInclusionSeconds + 3);
        mustMove(game, lie, honest());
        vm.assertEq(now_().rivalLeft, params.courtClockSeconds - 3);
        vm.assertEq(now_().defenderLeft, params.courtClockSeconds);
        // Whoever used all of it has the extension left.
        vm.warp(now_().deadline);
        mustMove(game, lie, honest());
        vm.assertEq(now_().defenderLeft, params.courtExtensionSeconds);
        vm.assertEq(now_().deadline, time() + params.courtClockSeconds - 3 + params.courtInclusionSeconds);
    }

    function test_OnlyTheCourtOpensStartsAndDefends() public {
        Facts memory f;
        bytes memory expected = abi.encodeWithSelector(IGames.NotHost.selector, sponsor);
        bytes memory data = abi.encodeCall(games.open, (bytes20("g"), IGames.Level.steps, 3, f, 0, 0));
        reverts(sponsor, address(games), data, expected);
        reverts(sponsor, address(games), abi.encodeCall(games.start, (bytes20("g"))), expected);
        reverts(sponsor, address(games), abi.encodeCall(games.defend, (bytes20("g"))), expected);
        vm.startPrank(address(court));
        (bool ok, bytes memory out) = address(games).call(abi.encodeCall(games.start, (bytes20("g"))));
        vm.assertFalse(ok);
        vm.assertEq(bytes32(bytes4(out)), bytes32(IGames.GameUnknown.selector));
        (ok, out) = address(games).call(abi.encodeCall(games.open, (bytes20("g"), IGames.Level.steps, 0, f, 0, 0)));
        vm.assertEq(bytes32(bytes4(out)), bytes32(IGames.CountInvalid.selector));
        games.open(bytes20("g"), IGames.Level.steps, 3, f, "a", "b");
        (ok, out) = address(games).call(data);
        vm.assertEq(bytes32(bytes4(out)), bytes32(IGames.GameKnown.selector));
        vm.stopPrank();
        // It waits: nothing can be moved, no clock runs.
        revertsWith(sponsor, address(games), abi.encodeCall(games.timeout, (bytes20("g"))), IGames.GameUnknown.selector);
    }
}

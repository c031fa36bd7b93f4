// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Presets, ProtocolParams} from "../../src/generated/Params.sol";
import {EXACT_COURT, IExactCourt} from "../../src/interfaces/ICourt.sol";
import {CourtProgram, Facts, IGames, Position} from "../../src/interfaces/IGames.sol";
import {Offer, Order, SegmentCommitment} from "../../src/types/Orders.sol";
import {BeaconFixture} from "./BeaconFixture.sol";
import {Calls} from "./Calls.sol";
import {GamePlayer} from "./GamePlayer.sol";
import {MerkleTree} from "./MerkleTree.sol";
import {TestJudge} from "./TestJudge.sol";
import {vm} from "./Vm.sol";

/// @notice A running lease that pinned the court, a provider that commits a segment of a {RunModel}, sponsors with money.
abstract contract CourtFixture is BeaconFixture, Calls, GamePlayer {
    uint32 internal constant SEGMENT_SECONDS = 20;
    bytes32 internal constant SALT = "salt";

    NodeKeys internal provider;
    address internal sponsor = address(0x5905);
    address internal other = address(0x07e4);
    Order internal order;
    bytes32 internal offerHash;
    bytes32 internal id;
    IExactCourt.Opening internal orderOpening;

    /// @dev Clocks of which several fit into the challenge window.
    function preset() internal pure virtual override returns (ProtocolParams memory p) {
        p = Presets.local();
        p.courtClockSeconds = 12;
    }

    function setUp() public virtual override {
        super.setUp();
        for (uint256 i = 0; i < 4; ++i) {
            enroll(addNode());
        }
        skip(10);
        provider = nodes[0];
        (id, order, offerHash) = openRun(provider, courtProgram());
        startLease(id, provider);
        orderOpening = openingOf(order, courtProgram());
        fund(sponsor, 1e9);
        fund(other, 1e12);
    }

    function games_() internal view override returns (IGames) {
        return games;
    }

    function deployJudges() internal override returns (address) {
        TestJudge judge = new TestJudge();
        bytes32[3][] memory entries = new bytes32[3][](2);
        entries[0] = [bytes32(uint256(200)), bytes32("fp32-seq-unfused"), bytes32(uint256(uint160(address(judge))))];
        entries[1] = [bytes32(uint256(201)), bytes32("fp32-seq-unfused"), bytes32(uint256(uint160(address(judge))))];
        return create("JudgeBook.sol:JudgeBook", abi.encode(entries));
    }

    // ---- leases and commitments -----------------------------------------------------------------------------------

    function openRun(NodeKeys memory n, CourtProgram memory program)
        internal
        returns (bytes32 leaseId, Order memory order_, bytes32 offerHash_)
    {
        order_ = orderOf(buyer);
        order_.courtId = EXACT_COURT;
        order_.jobCommitment = detailsRoot(program);
        Offer memory offer = offerOf(n);
        leaseId = openFill(offer, n.operatorKey, order_, 0, 0);
        offerHash_ = market.offerHash(offer);
    }

    /// @dev The court field's leaf at position 5 of 8, others empty.
    function detailsRoot(CourtProgram memory program) internal pure returns (bytes32 node) {
        bytes memory hex_ = "0123456789abcdef";
        bytes memory text = new bytes(68);
        bytes32 hash = courtProgramHash(program);
        (text[0], text[1], text[2], text[67]) = ('"', "0", "x", '"');
        for (uint256 i = 0; i < 32; ++i) {
            text[3 + 2 * i] = hex_[uint8(hash[i]) >> 4];
            text[4 + 2 * i] = hex_[uint8(hash[i]) & 15];
        }
        node = keccak256(abi.encodePacked(uint8(0), abi.encode("court", SALT, string(text))));
        node = keccak256(abi.encodePacked(uint8(1), bytes32(0), node));
        node = keccak256(abi.encodePacked(uint8(1), node, bytes32("right")));
        node = keccak256(abi.encodePacked(uint8(1), bytes32("left"), node));
    }

    function openingOf(Order memory order_, CourtProgram memory program)
        internal
        pure
        returns (IExactCourt.Opening memory)
    {
        bytes32[3] memory path = [bytes32(0), bytes32("right"), bytes32("left")];
        return IExactCourt.Opening(order_, SALT, path, program);
    }

    /// @notice The commitment of segment 0 by a side.
    function segmentOf(Side memory side) internal view returns (SegmentCommitment memory c) {
        c.leaseId = id;
        c.firstStep = firstStep();
        c.lastStep = firstStep() + steps() - 1;
        c.orderHash = market.orderHash(order);
        c.program = PROGRAM;
        c.dataRoot = DATA;
        c.startRoot = startRoot();
        c.endRoot = "end";
        c.historyRoot = MerkleTree.root(historyLeaves(side));
        c.checkpoint = "checkpoint";
        c.meteredSeconds = SEGMENT_SECONDS;
        c.tokens = 1000;
        c.beaconRound = beacon.currentRound() + 1;
    }

    function commitData(SegmentCommitment memory c) internal view returns (bytes memory) {
        bytes memory signature = signed(provider.operatorKey, audits.commitmentDigest(c));
        return abi.encodeCall(audits.commitSegment, (c, offerHash, signature));
    }

    /// @notice Commits and waits until it can't be taken back.
    function commit(SegmentCommitment memory c) internal {
        succeeds(matcher, address(audits), commitData(c));
        vm.warp(beacon.startOf(c.beaconRound));
    }

    function commitSide(Side memory side) internal returns (SegmentCommitment memory c) {
        skip(SEGMENT_SECONDS);
        c = segmentOf(side);
        commit(c);
    }

    // ---- money ----------------------------------------------------------------------------------------------------

    function fund(address account, uint96 amount) internal {
        stable.mint(account, amount);
        vm.startPrank(account);
        stable.approve(address(court), amount);
        court.deposit(account, amount);
        vm.stopPrank();
    }

    function ladder() internal view returns (uint64) {
        return uint64(params.courtBondSteps + params.courtBondValues + params.courtBondAccs);
    }

    // ---- games ----------------------------------------------------------------------------------------------------

    function challengeData(SegmentCommitment memory c, bytes32 rival, uint64 bond)
        internal
        view
        returns (bytes memory)
    {
        return abi.encodeCall(court.challenge, (c, orderOpening, rival, bond));
    }

    function challengeAs(address who, SegmentCommitment memory c, Side memory rival, uint64 bond)
        internal
        returns (bytes20 game)
    {
        bytes32 root = MerkleTree.root(historyLeaves(rival));
        bytes memory out = succeeds(who, address(court), challengeData(c, root, bond));
        game = abi.decode(out, (bytes20));
        track(game, openingPosition(c, who, root));
    }

    function openingPosition(SegmentCommitment memory c, address who, bytes32 root)
        internal
        view
        returns (Position memory p)
    {
        Facts memory f;
        (f.node, f.sponsor, f.program) = (provider.id, who, courtProgramHash(orderOpening.program));
        (f.firstStep, f.history, f.before) = (c.firstStep, c.historyRoot, c.startRoot);
        return Position(f, c.historyRoot, root);
    }

    function isDefendersTurn(bytes20 game) internal view returns (bool) {
        return games.game(game).stage != IGames.Stage.choose;
    }

    function mover(bytes20 game) internal view returns (address) {
        return isDefendersTurn(game) ? provider.operator : positionOf(game).facts.sponsor;
    }

    /// @notice Makes the move of the side to move; false when it was refused.
    function move(bytes20 game, Side memory defender, Side memory rival) internal returns (bool ok, bytes memory out) {
        Move memory m = moveOf(game, defender, rival);
        vm.prank(mover(game));
        (ok, out) = address(games).call(m.data);
        if (ok && games.game(game).outcome == IGames.Outcome.none) track(game, m.then);
    }

    /// @notice The same move for anyone to send.
    function withSignature(bytes20 game, Move memory m, Side memory defender, uint256 key)
        internal
        view
        returns (Move memory)
    {
        (bool claims, IGames.Level level, bytes32 root) = deepClaim(m.data, defender, honest());
        if (!claims) return m;
        bytes memory signature = signed(key, games.claimDigest(game, level, root));
        return Move(signedData(m.data, signature), m.then);
    }

    function mustMove(bytes20 game, Side memory defender, Side memory rival) internal {
        (bool ok, bytes memory out) = move(game, defender, rival);
        if (!ok) {
            assembly ("memory-safe") {
                revert(add(out, 32), mload(out))
            }
        }
    }

    /// @notice Both move until the game is over or a move is refused, which is returned.
    function play(bytes20 game, Side memory defender, Side memory rival)
        internal
        returns (uint256 moves, bytes memory refusal)
    {
        while (games.game(game).outcome == IGames.Outcome.none) {
            (bool ok, bytes memory out) = move(game, defender, rival);
            if (!ok) return (moves, out);
            ++moves;
            vm.assertLe(moves, 60, "a game ends");
        }
    }

    /// @notice Moves until it is a choice or an entry of this level.
    function playTo(bytes20 game, IGames.Level level, IGames.Stage stage, Side memory defender, Side memory rival)
        internal
    {
        for (uint256 i = 0; i < 60; ++i) {
            IGames.GameView memory v = games.game(game);
            if (v.level == level && v.stage == stage && (stage != IGames.Stage.choose || v.shown == 0)) return;
            mustMove(game, defender, rival);
        }
        revert("never there");
    }

    function lateFor(bytes20 game) internal {
        vm.warp(uint256(games.game(game).deadline) + 1);
    }

    function assertOutcome(bytes20 game, IGames.Outcome expected) internal view {
        vm.assertEq(uint256(games.game(game).outcome), uint256(expected), "outcome");
    }

    function concludeData(SegmentCommitment memory c, address who, Side memory rival)
        internal
        view
        returns (bytes memory)
    {
        return abi.encodeCall(court.conclude, (c, who, MerkleTree.root(historyLeaves(rival))));
    }

    // ---- sides ----------------------------------------------------------------------------------------------------

    function honest() internal pure returns (Side memory side) {}

    function liar(Lie lie, uint32 where, uint32 place_) internal pure returns (Side memory) {
        return Side(lie, where, place_, 0, "salt of a liar");
    }
}

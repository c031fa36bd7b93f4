// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Facts, IGames, Position} from "../../src/interfaces/IGames.sol";
import {EpochAnswer, EpochCommitment, EpochResult, Request} from "../../src/types/Epochs.sol";
import {CourtFixture} from "./CourtFixture.sol";
import {MerkleTree} from "./MerkleTree.sol";
import {vm} from "./Vm.sol";

/// @notice A node that answers requests to run one step of a {RunModel}: an epoch of results, of which one is disputed.
/// Its outputs are values 6 and 7; there is no loss.
abstract contract EpochFixture is CourtFixture {
    uint32 internal constant RESULTS = 9;
    uint32 internal constant DISPUTED = 5;
    uint96 internal constant PRICE_OF_ONE = 100;

    address internal self_ = address(0x5e1f);
    /// @dev Kept, for it takes long to make.
    bytes32 internal modelHash;

    function setUp() public virtual override {
        super.setUp();
        modelHash = courtProgramHash(courtProgram());
        fundEpochs(provider.owner, 1e9);
        fundEpochs(sponsor, 1e9);
        fundEpochs(other, 1e12);
        fundEpochs(buyer, 1e6);
    }

    // ---- the model ------------------------------------------------------------------------------------------------

    function step() internal pure override returns (uint64) {
        return 0;
    }

    function steps() internal pure override returns (uint32) {
        return 1;
    }

    function lossOf(Side memory) internal pure override returns (uint32) {
        return 0;
    }

    function entryValue(uint256 i) internal pure virtual override returns (uint32) {
        return i == 0 ? WIDTH_VALUE : SUM_VALUE;
    }

    // ---- epochs ---------------------------------------------------------------------------------------------------

    function fundEpochs(address account, uint96 amount) internal {
        stable.mint(account, amount);
        vm.startPrank(account);
        stable.approve(address(epochs), amount);
        epochs.deposit(account, amount);
        vm.stopPrank();
    }

    function request() internal view returns (Request memory r) {
        (r.buyer, r.nodeId, r.program) = (buyer, provider.id, modelHash);
        (r.startRoot, r.price, r.nonce) = (startRoot(), PRICE_OF_ONE, 7);
        r.deadline = 1_900_000_000;
    }

    function endRootOf(Side memory side) internal pure returns (bytes32) {
        return stateRoot(1, entriesAfter(side));
    }

    function resultLeaves(Side memory side) internal view returns (bytes32[] memory leaves) {
        leaves = new bytes32[](RESULTS);
        for (uint256 i = 0; i < RESULTS; ++i) {
            leaves[i] = keccak256(abi.encode("another result", i));
        }
        leaves[DISPUTED] = sha256(abi.encodePacked(uint8(0), epochs.requestHash(request()), endRootOf(side)));
    }

    function epochOf(Side memory side) internal view returns (EpochCommitment memory e) {
        (e.nodeId, e.epoch, e.results) = (provider.id, epochs.nextEpochOf(provider.id), RESULTS);
        (e.value, e.root) = (RESULTS * PRICE_OF_ONE, MerkleTree.root(resultLeaves(side)));
    }

    function resultOf(Side memory side) internal view returns (EpochResult memory) {
        return EpochResult(DISPUTED, request(), endRootOf(side), MerkleTree.path(resultLeaves(side), DISPUTED));
    }

    function bondOfEpoch() internal view returns (uint64 bond) {
        bond = 100 * ladder();
    }

    function commitEpochOf(Side memory side) internal returns (EpochCommitment memory e) {
        e = epochOf(side);
        succeeds(provider.operator, address(epochs), abi.encodeCall(epochs.commitEpoch, (e, bondOfEpoch())));
    }

    // ---- disputes -------------------------------------------------------------------------------------------------

    function answerOf(Side memory side) internal pure returns (EpochAnswer memory) {
        return EpochAnswer(MerkleTree.root(entriesAfter(side)), MerkleTree.root(valueLeaves(side)));
    }

    function rivalIdOf(Side memory side) internal view returns (bytes32) {
        return epochs.rivalOf(DISPUTED, answerOf(side));
    }

    function challengeEpochData(EpochCommitment memory e, Side memory defender, Side memory rival, uint64 bond)
        internal
        view
        returns (bytes memory)
    {
        return abi.encodeCall(epochs.challenge, (e, resultOf(defender), courtProgram(), answerOf(rival), bond));
    }

    function challengeEpoch(address who, EpochCommitment memory e, Side memory defender, Side memory rival)
        internal
        returns (bytes20 game)
    {
        uint64 bond = epochs.dispute(epochs.epochHash(e)).nextBond;
        bytes memory out = succeeds(who, address(epochs), challengeEpochData(e, defender, rival, bond));
        game = abi.decode(out, (bytes20));
        track(game, resultPosition(who, defender, rival));
    }

    function resultPosition(address who, Side memory defender, Side memory rival)
        internal
        view
        returns (Position memory)
    {
        Facts memory f;
        EpochAnswer memory answer = answerOf(rival);
        (f.node, f.sponsor, f.program, f.before) = (provider.id, who, request().program, request().startRoot);
        (f.entries, f.values) = (answer.entriesRoot, answer.valuesRoot);
        return Position(f, stepRoot(0, 0, endRootOf(defender)), 0);
    }

    function concludeEpochData(EpochCommitment memory e, address who, Side memory rival)
        internal
        view
        returns (bytes memory)
    {
        return abi.encodeCall(epochs.conclude, (e, who, rivalIdOf(rival)));
    }

    /// @notice The rival of a true result can't prove anything, and its clock runs out.
    function losesTo(address who, EpochCommitment memory e, Side memory defender, Side memory rival) internal {
        bytes20 game = challengeEpoch(who, e, defender, rival);
        play(game, defender, rival);
        lateFor(game);
        games.timeout(game);
        assertOutcome(game, IGames.Outcome.defender);
        succeeds(matcher, address(epochs), concludeEpochData(e, who, rival));
    }
}

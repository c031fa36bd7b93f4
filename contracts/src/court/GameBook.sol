// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {ProtocolParams} from "../generated/Params.sol";
import {Facts, IGames, Place, Position} from "../interfaces/IGames.sol";
import {IRegistry} from "../interfaces/IRegistry.sol";
import {MispredictedAddress, Wiring} from "../types/Wiring.sol";
import {GameState} from "./GameState.sol";
import {Tree} from "./Tree.sol";

/// @title All that {Games} stores, its clocks, and what every move has to pass.
abstract contract GameBook is IGames, EIP712 {
    bytes32 private constant DEEP_CLAIM = keccak256("DeepClaim(bytes20 game,uint8 level,bytes32 root)");
    uint256 private constant FACTS_BYTES = 18 * 32;

    /// @dev `place` is keccak256(abi.encode(Place)).
    struct Game {
        GameState state;
        bytes32 place;
    }

    IRegistry internal immutable REGISTRY;
    address private immutable COURT;
    address private immutable EPOCHS;
    uint256 private immutable CLOCK;
    uint256 private immutable EXTENSION;
    uint256 private immutable INCLUSION;
    /// @dev log2 of the fanout.
    uint256 internal immutable NARROWING;

    mapping(bytes20 game => Game) private _games;

    constructor(Wiring memory wiring, ProtocolParams memory params) EIP712("Weft", "1") {
        if (wiring.games != address(this)) revert MispredictedAddress(wiring.games, address(this));
        if (params.courtClockSeconds == 0 || params.courtClockSeconds > type(uint32).max) {
            revert ParamsUnsafe("courtClockSeconds");
        }
        if (params.courtExtensionSeconds > params.courtClockSeconds) revert ParamsUnsafe("courtExtensionSeconds");
        NARROWING = Tree.heightOf(params.courtFanout);
        if (params.courtFanout < 2 || params.courtFanout > 64 || 1 << NARROWING != params.courtFanout) {
            revert ParamsUnsafe("courtFanout");
        }
        REGISTRY = IRegistry(wiring.registry);
        (COURT, EPOCHS) = (wiring.court, wiring.epochs);
        CLOCK = params.courtClockSeconds;
        EXTENSION = params.courtExtensionSeconds;
        INCLUSION = params.courtInclusionSeconds;
    }

    // ---- hosts ----------------------------------------------------------------------------------------------------

    modifier onlyHost() {
        if (msg.sender != COURT && msg.sender != EPOCHS) revert NotHost(msg.sender);
        _;
    }

    function open(bytes20 id, Level level, uint256 count, Facts calldata facts, bytes32 defender, bytes32 rival)
        external
        onlyHost
    {
        Game storage self = _games[id];
        if (GameState.unwrap(self.state) != 0) revert GameKnown(id);
        bool whole = level == Level.steps;
        GameState state = _over(GameState.wrap(0), level, count);
        self.state = whole ? state.withStage(Stage.reveal) : state;
        Place memory place = Place(keccak256(abi.encode(facts)), defender, rival);
        self.place = _hash(place);
        emit GameOpened(id, msg.sender, level, count, place);
    }

    function start(bytes20 id) external onlyHost {
        GameState state = _games[id].state;
        if (GameState.unwrap(state) == 0) revert GameUnknown(id);
        if (state.since() != 0) revert GameNotWaiting(id);
        _games[id].state = state.started(CLOCK, block.timestamp);
        emit GameStarted(id);
    }

    function defend(bytes20 id) external onlyHost {
        GameState state = _playing(id);
        if (state.level() != Level.outside) revert WrongStage(id, state.level(), state.stage());
        _checkClock(id, state);
        _end(id, state, Outcome.defender, false);
    }

    // ---- what every move passes -----------------------------------------------------------------------------------

    /// @dev The state of a game in which it is this stage's turn, at the place given.
    function _turn(bytes20 id, Stage stage, bytes32 place) internal view returns (GameState state) {
        state = _playing(id);
        if (state.stage() != stage) revert WrongStage(id, state.level(), state.stage());
        _checkClock(id, state);
        bytes32 expected = _games[id].place;
        if (place != expected) revert PlaceMismatch(expected, place);
    }

    /// @dev The same for one level only.
    function _turnAt(bytes20 id, Level level, Stage stage, Position calldata position)
        internal
        view
        returns (GameState state)
    {
        state = _turn(id, stage, _hash(position));
        if (state.level() != level) revert WrongStage(id, state.level(), stage);
    }

    /// @dev The same for a rival's choice among what the leaves of the tree hold.
    function _choiceAt(bytes20 id, Level level, Position calldata position) internal view returns (GameState state) {
        state = _turnAt(id, level, Stage.choose, position);
        if (state.shown() != 0) revert WrongHeight(id, state.shown());
    }

    /// @dev Stores what a move made of a game, and turns the clock of the side that made it.
    function _store(bytes20 id, GameState before, GameState state, bytes32 place) internal {
        _games[id].state = _pressed(before, state);
        _games[id].place = place;
    }

    /// @dev The same where the place stays.
    function _store(bytes20 id, GameState before, GameState state) internal {
        _games[id].state = _pressed(before, state);
    }

    function _pressed(GameState before, GameState state) private view returns (GameState) {
        uint256 used = block.timestamp - before.since();
        uint256 left = before.left();
        // A move later than left + INCLUSION was refused.
        if (used > INCLUSION) left -= used - INCLUSION;
        if (left < EXTENSION) left = EXTENSION;
        return state.turned(before.isDefendersTurn(), left, block.timestamp);
    }

    function _end(bytes20 id, GameState state, Outcome outcome, bool silent) internal {
        _games[id].state = state.withOutcome(outcome);
        emit GameEnded(id, outcome, state.level(), silent);
    }

    function _playing(bytes20 id) private view returns (GameState state) {
        state = _games[id].state;
        if (GameState.unwrap(state) == 0 || state.since() == 0) revert GameUnknown(id);
        if (state.outcome() != Outcome.none) revert GameOver(id, state.outcome());
    }

    function _checkClock(bytes20 id, GameState state) private view {
        uint256 deadline = _deadline(state);
        if (block.timestamp > deadline) revert ClockOver(id, deadline);
    }

    function _deadline(GameState state) private view returns (uint256) {
        return state.since() + state.left() + INCLUSION;
    }

    /// @dev At the whole of a level's tree.
    function _over(GameState state, Level level, uint256 count) internal pure returns (GameState) {
        // Records limit a tensor to 2^28 elements, graphs have fewer values: only a court program that says nonsense.
        if (count == 0 || count > type(uint32).max) revert CountInvalid(count);
        return state.over(count).placed(Tree.heightOf(count), 0).withLevel(level);
    }

    /// @dev A root that nothing so far determines is its side's own word.
    function _authorize(bytes20 id, Level level, bytes32 root, bytes calldata signature, Facts calldata facts) internal view {
        address signer = msg.sender;
        if (signature.length != 0) {
            (signer,,) = ECDSA.tryRecoverCalldata(claimDigest(id, level, root), signature);
        }
        bool isDefender = _games[id].state.isDefendersTurn();
        bool known = isDefender
            ? signer == REGISTRY.operatorOf(facts.node) || signer == REGISTRY.ownerOf(facts.node)
            : signer == facts.sponsor;
        if (!known || signer == address(0)) revert ClaimNotAuthorized(id, signer);
    }

    // ---- hashes of places -----------------------------------------------------------------------------------------

    function _hash(Place memory place) internal pure returns (bytes32) {
        return keccak256(abi.encode(place));
    }

    /// @dev Raw words: the place was made from clean ones, so dirty upper bits can't match.
    function _hash(Position calldata position) internal pure returns (bytes32 h) {
        uint256 length = FACTS_BYTES;
        assembly ("memory-safe") {
            let p := mload(0x40)
            calldatacopy(p, position, add(length, 64))
            let facts := keccak256(p, length)
            let rest := add(p, sub(length, 32))
            mstore(rest, facts)
            h := keccak256(rest, 96)
        }
    }

    function _placeOf(Facts memory facts, bytes32 defender, bytes32 rival) internal pure returns (bytes32) {
        return keccak256(abi.encode(keccak256(abi.encode(facts)), defender, rival));
    }

    // ---- the end --------------------------------------------------------------------------------------------------

    function timeout(bytes20 id) external {
        GameState state = _playing(id);
        uint256 deadline = _deadline(state);
        if (block.timestamp <= deadline) revert ClockRunning(id, deadline);
        _end(id, state, state.isDefendersTurn() ? Outcome.rival : Outcome.defender, true);
    }

    function outcomeOf(bytes20 id) external view returns (Outcome, Level) {
        GameState state = _games[id].state;
        return (state.outcome(), state.level());
    }

    function game(bytes20 id) external view returns (GameView memory v) {
        GameState state = _games[id].state;
        v.level = state.level();
        v.stage = state.stage();
        v.outcome = state.outcome();
        v.height = uint8(state.height());
        v.shown = uint8(state.shown());
        v.index = uint32(state.index());
        v.count = uint32(state.count());
        v.defenderLeft = uint32(state.defenderLeft());
        v.rivalLeft = uint32(state.rivalLeft());
        v.since = uint40(state.since());
        v.deadline = v.since == 0 ? 0 : uint40(_deadline(state));
        v.place = _games[id].place;
    }

    function claimDigest(bytes20 id, Level level, bytes32 root) public view returns (bytes32) {
        return _hashTypedDataV4(keccak256(abi.encode(DEEP_CLAIM, id, level, root)));
    }
}

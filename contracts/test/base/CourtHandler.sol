// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ProtocolParams} from "../../src/generated/Params.sol";
import {Choice, IGames, StepBefore, StepClaim} from "../../src/interfaces/IGames.sol";
import {CourtBooks} from "./CourtBooks.sol";
import {MerkleTree} from "./MerkleTree.sol";
import {vm} from "./Vm.sol";

/// @notice One commitment, any number of rivals, and everybody but one side out to harm it: they name rivals with bonds of any
/// size, play true and false histories well, badly or not at all, send mangled moves, wait, conclude, reclaim, withdraw.
/// The honest side answers whatever is its turn, sometimes late, never too late.
abstract contract CourtHandler is CourtBooks {
    constructor() {
        setUp();
    }

    function setUp() public override {
        if (isSetUp) return;
        isSetUp = true;
        super.setUp();
        deposited = court.depositOf(sponsor) + court.depositOf(other);
        for (uint256 i = 0; i < ATTACKERS; ++i) {
            fund(attackerAt(i), 1e15);
            deposited += 1e15;
        }
        begin();
    }

    /// @dev A window that many games fit into.
    function preset() internal pure override returns (ProtocolParams memory p) {
        p = super.preset();
        p.challengeWindowSeconds = 1000;
        (p.releaseDelaySeconds, p.unbondDelaySeconds, p.slasherDelaySeconds) = (1500, 4000, 5000);
    }

    function values() internal pure override returns (uint32) {
        return 10;
    }

    function width() internal pure override returns (uint32) {
        return 35;
    }

    function steps() internal pure override returns (uint32) {
        return 3;
    }

    function step() internal pure override returns (uint64) {
        return 1;
    }

    // ---- what differs between the worlds --------------------------------------------------------------------------

    function begin() internal virtual;

    /// @notice What the commitment's side claims.
    function defenders() internal view virtual returns (Side memory);

    function isHonest(bytes20 game, bool defends) internal view virtual returns (bool);

    /// @notice Names the honest rival, if there is one to name.
    function honestName(uint256 seed) internal virtual;

    // ---- helpers --------------------------------------------------------------------------------------------------

    /// @dev Many lies, and the truth, which may be played badly.
    function sideFrom(uint256 seed) internal pure returns (Side memory side) {
        uint256 kind = seed % 8;
        side.salt = bytes32(seed >> 8 & 0xff);
        if (kind == 0) return honest();
        side.lie = kind < 4 ? Lie.word : kind == 4 ? Lie.loss : kind == 5 ? Lie.entry : kind == 6 ? Lie.sum : Lie.padding;
        uint32[5] memory where = [uint32(0), 2, 4, 6, 9];
        uint8[5] memory sizes = [35, 6, 1, 35, 1];
        uint256 v = (seed >> 16) % 5;
        (side.where, side.place) = (where[v], uint32((seed >> 24) % sizes[v]));
        if (side.lie == Lie.entry) side.where = uint32(seed >> 16) % 2;
        if (side.lie == Lie.sum) (side.where, side.place) = (SUM_VALUE, uint32(seed >> 24) % 2);
        if (side.lie == Lie.padding) (side.where, side.place) = (WIDTH_VALUE, 1);
    }

    function call(string memory action, address who, address target, bytes memory data) internal returns (bool ok) {
        vm.prank(who);
        uint256 before = gasleft();
        (ok,) = target.call(data);
        uint256 used = before - gasleft();
        if (used > mostGas) (mostGas, mostGasBy) = (used, action);
        if (ok) ++wins[action];
    }

    function live() public view returns (bytes20) {
        return court.dispute(hash).live;
    }

    function rivalOf(bytes20 game) internal view virtual returns (bool found, Side memory side, address who, bytes32 root) {
        for (uint256 i = 0; i < attacks.length; ++i) {
            Attack storage a = attacks[i];
            if (a.game == game) return (true, a.side, a.who, a.root);
        }
    }

    function isPlaying(bytes20 game) internal view returns (bool) {
        return game != 0 && games.game(game).outcome == IGames.Outcome.none && !court.dispute(hash).eliminated;
    }

    /// @dev Forced move of the side to move. A side without data for its root has none.
    function advance(string memory action, bytes20 game, address who) internal returns (bool ok) {
        (bool found, Side memory rival,, bytes32 root) = rivalOf(game);
        if (!found || root != MerkleTree.root(historyLeaves(rival))) return false;
        Side memory d = defenders();
        if (root == c.historyRoot) return false;
        Move memory m = moveOf(game, d, rival);
        ok = call(action, who, address(games), m.data);
        if (ok && games.game(game).outcome == IGames.Outcome.none) track(game, m.then);
    }

    function answer(bytes20 game) internal returns (bool) {
        IGames.GameView memory v = games.game(game);
        if (v.stage != IGames.Stage.reveal) return advance("honest move", game, mover(game));
        // A reveal needs nothing of the rival, which may be a root that nobody knows the data of.
        return call("honest move", mover(game), address(games), revealMove(game, v, defenders()).data);
    }

    /// @dev After every action: notes what is over, and lets the honest side move where it is its turn.
    function settleTurns(uint256 seed) internal {
        for (uint256 i = 0; i < 3; ++i) {
            bytes20 game = live();
            if (game == 0 || court.dispute(hash).eliminated) return;
            IGames.GameView memory v = games.game(game);
            if (v.outcome != IGames.Outcome.none) {
                note(game, v.outcome);
                conclude_(game);
                continue;
            }
            bool defends = v.stage != IGames.Stage.choose;
            // Not at once, now and then: others may try something meanwhile.
            if (!isHonest(game, defends) || seed >> 44 & 3 == 0) return;
            forge(game, v, seed);
            // Late, but not too late.
            if (seed >> 40 & 7 == 0) vm.warp(v.deadline);
            if (!answer(game)) return;
        }
    }

    function note(bytes20 game, IGames.Outcome outcome) internal {
        bool defenderLost = outcome == IGames.Outcome.rival;
        if (defenderLost ? isHonest(game, true) : isHonest(game, false)) ++lostGames;
    }

    function conclude_(bytes20 game) internal {
        (, , address who, bytes32 root) = rivalOf(game);
        call("conclude", matcher, address(court), abi.encodeCall(court.conclude, (c, who, root)));
    }

    // ---- actions --------------------------------------------------------------------------------------------------

    function attack(uint256 seed) external {
        address who = attackerAt(seed);
        Side memory side = sideFrom(seed >> 8);
        // Sometimes a root that nobody knows anything about.
        bool blind = seed >> 200 & 7 == 0;
        bytes32 root = blind ? bytes32(seed) : MerkleTree.root(historyLeaves(side));
        uint64 bond = court.dispute(hash).nextBond;
        if (seed >> 210 & 3 == 0 && bond < 1e12) bond *= 3;
        bytes20 game = court.gameOf(hash, who, root);
        if (call("attack", who, address(court), challengeData(c, root, bond))) {
            attacks.push(Attack(who, side, game, root));
            track(game, openingPosition(c, who, root));
        }
        settleTurns(seed);
    }

    /// @dev The dishonest side moves as it must, whoever sends it.
    function dishonestMove(uint256 seed) external {
        bytes20 game = live();
        if (isPlaying(game)) advance("dishonest move", game, mover(game));
        settleTurns(seed);
    }

    /// @dev A forced move with something changed in it, by anyone.
    function mangledMove(uint256 seed) external {
        bytes20 game = live();
        if (isPlaying(game)) {
            (bool found, Side memory rival,, bytes32 root) = rivalOf(game);
            if (found && root == MerkleTree.root(historyLeaves(rival)) && root != c.historyRoot) {
                Move memory m = moveOf(game, defenders(), rival);
                uint256 offset = 4 + (seed >> 8) % (m.data.length - 4);
                m.data[offset] ^= bytes1(uint8(1 + (seed >> 64) % 255));
                // A changed byte of a tail that nobody reads may be harmless; then it is the move.
                if (call("mangled move", attackerAt(seed), address(games), m.data)) track(game, m.then);
            }
        }
        settleTurns(seed);
    }

    /// @dev The honest side's turn to claim a root: somebody else claims another one for it.
    function forge(bytes20 game, IGames.GameView memory v, uint256 seed) internal {
        bool atStep = v.level == IGames.Level.steps && v.stage == IGames.Stage.choose && v.shown == 0;
        bool atEntry = v.level == IGames.Level.values && v.stage == IGames.Stage.enter;
        if (!atStep && !atEntry) return;
        bytes memory data = atEntry ? forgedEntry(game, v, seed) : forgedStep(game, v, seed);
        call("forge", attackerAt(seed), address(games), data);
        ++wins["forgery"];
    }

    function forgedStep(bytes20 game, IGames.GameView memory v, uint256 seed) internal view returns (bytes memory) {
        (, Side memory rival,,) = rivalOf(game);
        StepClaim memory claim = claimOf(rival);
        claim.valuesRoot = keccak256(abi.encode(seed));
        Choice memory choice = contentChoice(v, stepRoots(defenders()), stepRoots(rival));
        return abi.encodeCall(IGames.chooseStep, (game, positionOf(game), courtProgram(), choice, claim, ""));
    }

    function forgedEntry(bytes20 game, IGames.GameView memory v, uint256 seed) internal view returns (bytes memory) {
        Side memory d = defenders();
        StepClaim memory claim = claimOf(d);
        bytes32[] memory roots = valueRoots(d);
        roots[seed % roots.length] = keccak256(abi.encode(seed));
        claim.valuesRoot = MerkleTree.root(MerkleTree.leavesOf(roots));
        StepBefore memory before = StepBefore(
            5,
            stateRoot(positionOf(game).facts.step, entriesBefore()),
            MerkleTree.path(historyLeaves(d), v.index - 1)
        );
        bytes memory content = pack(roots, 0, roots.length);
        return abi.encodeCall(IGames.enterStep, (game, positionOf(game), courtProgram(), before, claim, content, ""));
    }

    /// @dev Calls that name a live game with arguments from nowhere.
    function noise(uint256 seed) external {
        bytes4[6] memory selectors = [
            IGames.reveal.selector,
            IGames.choose.selector,
            IGames.proveConstant.selector,
            IGames.enterStep.selector,
            IGames.timeout.selector,
            IGames.defend.selector
        ];
        bytes memory data = abi.encodePacked(selectors[seed % 6], live(), bytes12(0));
        for (uint256 i = 0; i < seed >> 8 & 31; ++i) {
            data = abi.encodePacked(data, keccak256(abi.encode(seed, i)));
        }
        call("noise", attackerAt(seed), address(games), data);
        settleTurns(seed);
    }

    function wait(uint256 seed) external {
        bytes20 game = live();
        uint256 pause = seed % 12;
        if (isPlaying(game)) {
            IGames.GameView memory v = games.game(game);
            // Nobody sleeps through the honest side's turn: settleTurns took it already.
            if (isHonest(game, v.stage != IGames.Stage.choose) && time() + pause > v.deadline) pause = 0;
        }
        skip(pause);
        ++wins["wait"];
        settleTurns(seed);
    }

    function timeout(uint256 seed) external {
        bytes20 game = live();
        if (isPlaying(game)) {
            if (seed & 1 == 0 && !isHonest(game, games.game(game).stage != IGames.Stage.choose)) lateFor(game);
            call("timeout", attackerAt(seed), address(games), abi.encodeCall(games.timeout, (game)));
        }
        settleTurns(seed);
    }

    /// @dev The last move and the verdict in one, or what isn't a last move in its place: by anyone, through the court.
    function lastMove(uint256 seed) external {
        bytes20 game = live();
        if (isPlaying(game)) {
            (bool found, Side memory rival, address who, bytes32 root) = rivalOf(game);
            bool isKnown = found && root == MerkleTree.root(historyLeaves(rival)) && root != c.historyRoot;
            bytes memory data = abi.encodeCall(games.timeout, (game));
            if (seed & 1 == 0 && isKnown) data = moveOf(game, defenders(), rival).data;
            else if (!isHonest(game, games.game(game).stage != IGames.Stage.choose)) lateFor(game);
            bytes memory whole = abi.encodeCall(court.concludeWith, (c, who, root, data));
            if (call("last move", attackerAt(seed), address(court), whole)) note(game, games.game(game).outcome);
        }
        settleTurns(seed);
    }

    function burn(uint256 seed) external {
        uint256 unburnt = registry.slashedUnburnt();
        bytes memory data = abi.encodeCall(registry.burnSlashed, ());
        if (call("burn", attackerAt(seed), address(registry), data)) burnt += unburnt - 1;
        settleTurns(seed);
    }

    function withdraw(uint256 seed) external {
        address who = attackerAt(seed);
        uint96 amount = uint96((seed >> 8) % (court.depositOf(who) / 1e6 + 2));
        if (call("withdraw", who, address(court), abi.encodeCall(court.withdraw, (amount, who)))) deposited -= amount;
        settleTurns(seed);
    }

    function reclaim(uint256 seed) external {
        if (attacks.length == 0) return;
        Attack memory a = attacks[seed % attacks.length];
        call("reclaim", matcher, address(court), abi.encodeCall(court.reclaim, (hash, a.who, a.root)));
        settleTurns(seed);
    }

    function name(uint256 seed) external {
        honestName(seed);
        settleTurns(seed);
    }

    // ---- the end --------------------------------------------------------------------------------------------------

    /// @notice Everybody leaves with all that isn't locked.
    function exitAll() external returns (bool) {
        address[8] memory all = [
            sponsor,
            other,
            provider.owner,
            treasury,
            attackerAt(0),
            attackerAt(1),
            attackerAt(2),
            attackerAt(3)
        ];
        for (uint256 i = 0; i < 8; ++i) {
            uint96 amount = uint96(court.depositOf(all[i]));
            if (amount == 0) continue;
            if (!call("exit", all[i], address(court), abi.encodeCall(court.withdraw, (amount, all[i])))) return false;
            deposited -= amount;
        }
        return true;
    }

    /// @notice Plays on until no game is left: dishonest sides say no more.
    function finish() external {
        for (uint256 i = 0; i < 200 && live() != 0 && !isEliminated(); ++i) {
            bytes20 game = live();
            settleTurns(1 << 40 | 1 << 44);
            if (live() != game || !isPlaying(game)) continue;
            if (isHonest(game, games.game(game).stage != IGames.Stage.choose)) continue;
            lateFor(game);
            games.timeout(game);
        }
    }
}

// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ProtocolParams} from "../../src/generated/Params.sol";
import {IRivals} from "../../src/interfaces/IRivals.sol";
import {IGames} from "../../src/interfaces/IGames.sol";
import {EpochCommitment} from "../../src/types/Epochs.sol";
import {EpochFixture} from "./EpochFixture.sol";
import {vm} from "./Vm.sol";

/// @notice Epochs true and false, and everybody out to harm whoever is honest: the node of the true ones, the sponsor that names
/// the truth of the false ones. Those two answer whatever is their turn; the others move, or don't, take time, and take money.
contract EpochHandler is EpochFixture {
    uint256 internal constant ATTACKERS = 3;
    uint256 internal constant MOST_EPOCHS = 4;
    uint256 internal constant SIGNER = 0x5161;

    struct Committed {
        EpochCommitment e;
        bytes32 hash;
        Side side;
    }

    struct Attack {
        uint256 epoch;
        address who;
        Side side;
        bytes20 game;
    }

    Committed[] internal committed;
    Attack[] internal attacks;
    mapping(string action => uint256) public wins;
    /// @dev Games that an honest side lost.
    uint256 public lostGames;
    uint256 public deposited;
    bool internal isSetUp;

    constructor() {
        setUp();
    }

    function setUp() public override {
        if (isSetUp) return;
        isSetUp = true;
        super.setUp();
        for (uint256 i = 0; i < ATTACKERS; ++i) {
            fundEpochs(attackerAt(i), 1e9);
        }
        deposited = stable.balanceOf(address(epochs));
        commit(0);
        commit(1);
    }

    function preset() internal pure override returns (ProtocolParams memory p) {
        p = super.preset();
        p.challengeWindowSeconds = 150;
        (p.releaseDelaySeconds, p.unbondDelaySeconds, p.slasherDelaySeconds) = (900, 2000, 3000);
    }

    function values() internal pure override returns (uint32) {
        return 10;
    }

    function width() internal pure override returns (uint32) {
        return 35;
    }

    // ---- helpers --------------------------------------------------------------------------------------------------

    function attackerAt(uint256 i) internal pure returns (address) {
        return address(uint160(0xa77a0 + i % ATTACKERS));
    }

    function sideFrom(uint256 seed) internal pure returns (Side memory) {
        if (seed % 5 == 0) return liar(Lie.word, WIDTH_VALUE, uint32(seed >> 8) % 35);
        if (seed % 5 == 1) return liar(Lie.sum, SUM_VALUE, uint32(seed >> 8) % 2);
        if (seed % 5 == 2) return liar(Lie.entry, uint32(seed >> 8) % 2, 0);
        if (seed % 5 == 3) return liar(Lie.padding, WIDTH_VALUE, 1);
        return honest();
    }

    function isTrue(Side memory side) internal pure returns (bool) {
        return side.lie == Lie.none;
    }

    function isHonest(Attack memory a, bool defends) internal view returns (bool) {
        return defends ? isTrue(committed[a.epoch].side) : a.who == sponsor;
    }

    function call(string memory action, address who, bytes memory data) internal returns (bool ok) {
        vm.prank(who);
        (ok,) = address(epochs).call(data);
        if (ok) ++wins[action];
    }

    function liveOf(uint256 epoch) internal view returns (bool found, Attack memory a) {
        bytes20 live = epochs.dispute(committed[epoch].hash).live;
        for (uint256 i = 0; live != 0 && i < attacks.length; ++i) {
            if (attacks[i].game == live) return (true, attacks[i]);
        }
    }

    function name(uint256 epoch, address who, Side memory side, uint64 bond) internal {
        Committed memory c = committed[epoch];
        bytes20 game = epochs.gameOf(c.hash, who, rivalIdOf(side));
        bytes memory data = challengeEpochData(c.e, c.side, side, bond);
        if (!call("challenge", who, data)) return;
        attacks.push(Attack(epoch, who, side, game));
        track(game, resultPosition(who, c.side, side));
    }

    function advance(Attack memory a) internal returns (bool ok) {
        Committed memory c = committed[a.epoch];
        Move memory m = moveOf(a.game, c.side, a.side);
        vm.prank(mover(a.game));
        (ok,) = address(games).call(m.data);
        if (!ok) return false;
        ++wins["move"];
        if (games.game(a.game).outcome == IGames.Outcome.none) track(a.game, m.then);
    }

    /// @dev After every action: honest sides answer, and what is over is noted and concluded.
    function settleTurns() internal {
        for (uint256 epoch = 0; epoch < committed.length; ++epoch) {
            for (uint256 i = 0; i < 4; ++i) {
                (bool found, Attack memory a) = liveOf(epoch);
                if (!found || epochs.dispute(committed[epoch].hash).eliminated) break;
                IGames.GameView memory v = games.game(a.game);
                if (v.outcome != IGames.Outcome.none) {
                    if (isHonest(a, v.outcome == IGames.Outcome.rival)) ++lostGames;
                    call("conclude", matcher, concludeEpochData(committed[epoch].e, a.who, a.side));
                    continue;
                }
                if (!isHonest(a, v.stage != IGames.Stage.choose) || !advance(a)) break;
            }
        }
    }

    // ---- actions --------------------------------------------------------------------------------------------------

    function commit(uint256 seed) public {
        if (committed.length < MOST_EPOCHS) {
            Side memory side = seed & 1 == 0 ? honest() : sideFrom(seed % 4);
            EpochCommitment memory e = epochOf(side);
            if (call("commit", provider.operator, abi.encodeCall(epochs.commitEpoch, (e, bondOfEpoch())))) {
                committed.push(Committed(e, epochs.epochHash(e), side));
            }
        }
        settleTurns();
    }

    function attack(uint256 seed) external {
        uint256 epoch = seed % committed.length;
        uint64 bond = epochs.dispute(committed[epoch].hash).nextBond;
        if (seed >> 200 & 3 == 0 && bond < 1e6) bond *= 3;
        name(epoch, attackerAt(seed >> 8), sideFrom(seed >> 16), bond);
        settleTurns();
    }

    /// @dev The honest sponsor names the truth of a false epoch.
    function honestName(uint256 seed) public {
        uint256 epoch = seed % committed.length;
        if (!isTrue(committed[epoch].side)) {
            name(epoch, sponsor, honest(), epochs.dispute(committed[epoch].hash).nextBond);
        }
        settleTurns();
    }

    function dishonestMove(uint256 seed) external {
        (bool found, Attack memory a) = liveOf(seed % committed.length);
        if (found && games.game(a.game).outcome == IGames.Outcome.none) advance(a);
        settleTurns();
    }

    function silence(uint256 seed) external {
        (bool found, Attack memory a) = liveOf(seed % committed.length);
        if (found && !epochs.dispute(committed[a.epoch].hash).eliminated) {
            IGames.GameView memory v = games.game(a.game);
            if (v.outcome == IGames.Outcome.none && !isHonest(a, v.stage != IGames.Stage.choose)) {
                lateUnlessHonestIsDue(a.game);
                vm.prank(matcher);
                (bool ok,) = address(games).call(abi.encodeCall(games.timeout, (a.game)));
                if (ok) ++wins["timeout"];
            }
        }
        settleTurns();
    }

    /// @dev Honest sides have moved by now in every game that is played: only others' clocks run.
    function lateUnlessHonestIsDue(bytes20 game) internal {
        uint256 deadline = games.game(game).deadline;
        if (time() <= deadline) vm.warp(deadline + 1);
    }

    function wait(uint256 seed) external {
        skip(seed % 200);
        settleTurns();
    }

    function reclaim(uint256 seed) external {
        for (uint256 i = 0; i < attacks.length; ++i) {
            Attack memory a = attacks[(seed % attacks.length + i) % attacks.length];
            bytes32 hash = committed[a.epoch].hash;
            if (call("reclaim", matcher, abi.encodeCall(epochs.reclaim, (hash, a.who, rivalIdOf(a.side))))) break;
        }
        settleTurns();
    }

    function close(uint256 seed) external {
        call("close", matcher, abi.encodeCall(epochs.closeEpoch, (committed[seed % committed.length].e)));
        settleTurns();
    }

    function pay(uint256 seed) external {
        uint96 amount = uint96(seed >> 8) % 600;
        if (seed & 3 == 0) {
            address signer = vm.addr(SIGNER);
            call("fund", buyer, abi.encodeCall(epochs.fundChannel, (provider.id, signer, amount)));
        } else {
            Committed memory c = committed[(seed >> 40) % committed.length];
            bytes memory voucher_ = signed(SIGNER, epochs.voucherDigest(buyer, provider.id, c.hash, amount));
            call("release", matcher, abi.encodeCall(epochs.release, (c.e, buyer, amount, voucher_)));
        }
        settleTurns();
    }

    function leave(uint256 seed) external {
        if (seed & 1 == 0) call("notice", buyer, abi.encodeCall(epochs.requestChannelExit, (provider.id)));
        else call("exit", buyer, abi.encodeCall(epochs.exitChannel, (provider.id)));
        settleTurns();
    }

    function withdraw(uint256 seed) external {
        address who = attackerAt(seed);
        uint96 amount = uint96((seed >> 8) % (epochs.depositOf(who) / 1000 + 2));
        if (call("withdraw", who, abi.encodeCall(epochs.withdraw, (amount, who)))) deposited -= amount;
        settleTurns();
    }

    // ---- for the invariants ---------------------------------------------------------------------------------------

    function balance() external view returns (uint256) {
        return stable.balanceOf(address(epochs));
    }

    /// @notice All that the court owes: deposits, bonds of rivals and epochs, channels.
    function owed() external view returns (uint256 sum) {
        address[5] memory all = [sponsor, other, provider.owner, treasury, buyer];
        for (uint256 i = 0; i < all.length; ++i) {
            sum += epochs.depositOf(all[i]);
        }
        for (uint256 i = 0; i < ATTACKERS; ++i) {
            sum += epochs.depositOf(attackerAt(i));
        }
        for (uint256 i = 0; i < attacks.length; ++i) {
            uint256 waiting = epochs.waitingOf(attacks[i].game);
            IRivals.DisputeView memory v = epochs.dispute(committed[attacks[i].epoch].hash);
            sum += waiting + (v.live == attacks[i].game ? v.bond : 0);
        }
        for (uint256 i = 0; i < committed.length; ++i) {
            sum += epochs.epochOf(committed[i].hash).bond;
        }
        sum += epochs.channelOf(buyer, provider.id).funds;
    }

    /// @notice True epochs stand, no epoch released more than its value, which its bond covered, and none that was false and
    /// challenged by the honest sponsor released anything.
    function isSound() external view returns (bool) {
        for (uint256 i = 0; i < committed.length; ++i) {
            bool eliminated = epochs.dispute(committed[i].hash).eliminated;
            if (eliminated && isTrue(committed[i].side)) return false;
            uint256 paid = epochs.epochOf(committed[i].hash).released;
            if (paid > committed[i].e.value || committed[i].e.value > epochs.capOf(bondOfEpoch())) return false;
            if (eliminated && (paid != 0 || epochs.epochOf(committed[i].hash).bond != 0)) return false;
        }
        return true;
    }

    /// @notice Plays on until no game is left; dishonest sides say no more.
    function finish() external {
        for (uint256 i = 0; i < 300; ++i) {
            bool isBusy = false;
            settleTurns();
            for (uint256 epoch = 0; epoch < committed.length; ++epoch) {
                (bool found, Attack memory a) = liveOf(epoch);
                if (!found || epochs.dispute(committed[epoch].hash).eliminated) continue;
                isBusy = true;
                if (games.game(a.game).outcome != IGames.Outcome.none) continue;
                lateUnlessHonestIsDue(a.game);
                games.timeout(a.game);
            }
            if (!isBusy) return;
        }
    }

    /// @notice Every false epoch that the honest sponsor challenged is gone.
    function isJust() external view returns (bool) {
        for (uint256 i = 0; i < attacks.length; ++i) {
            Attack memory a = attacks[i];
            if (a.who == sponsor && !epochs.dispute(committed[a.epoch].hash).eliminated) return false;
        }
        return true;
    }
}

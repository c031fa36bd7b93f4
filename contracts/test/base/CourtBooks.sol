// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IRegistry} from "../../src/interfaces/IRegistry.sol";
import {SegmentCommitment} from "../../src/types/Orders.sol";
import {CourtFixture} from "./CourtFixture.sol";

/// @notice What {CourtHandler} keeps of what happened, and what the invariants read: whose all the money is.
abstract contract CourtBooks is CourtFixture {
    uint256 internal constant ATTACKERS = 4;

    /// @dev A rival of an attacker.
    struct Attack {
        address who;
        Side side;
        bytes20 game;
        bytes32 root;
    }

    SegmentCommitment internal c;
    bytes32 internal hash;
    Attack[] internal attacks;
    address internal attacker0 = address(0xa77a0);
    mapping(string action => uint256) public wins;
    /// @dev Most gas that a call to Games or Court took, made or refused.
    uint256 public mostGas;
    uint256 public deposited;
    /// @dev Games that the honest side lost.
    uint256 public lostGames;
    string public mostGasBy;
    /// @dev WEFT.
    uint256 public burnt;
    bool internal isSetUp;

    /// @notice Bonds of the rivals that are in.
    function locked() public view returns (uint256 sum) {
        sum = court.dispute(hash).bond + court.waitingOf(honestGame());
        for (uint256 i = 0; i < attacks.length; ++i) {
            sum += court.waitingOf(attacks[i].game);
        }
    }

    function honestGame() internal view virtual returns (bytes20);

    function deposits() public view returns (uint256 sum) {
        sum = court.depositOf(sponsor) + court.depositOf(other) + court.depositOf(provider.owner)
            + court.depositOf(treasury);
        for (uint256 i = 0; i < ATTACKERS; ++i) {
            sum += court.depositOf(attackerAt(i));
        }
    }

    function courtBalance() public view returns (uint256) {
        return stable.balanceOf(address(court));
    }

    /// @notice WEFT that is somebody's stake, or slashed and not yet burnt.
    function staked() public view returns (uint256 sum) {
        sum = registry.slashedUnburnt();
        for (uint256 i = 0; i < nodes.length; ++i) {
            IRegistry.NodeView memory n = registry.node(nodes[i].id);
            sum += uint256(n.stake) + n.unbonding;
        }
    }

    function registryBalance() public view returns (uint256) {
        return weft.balanceOf(address(registry));
    }

    function supply() public view returns (uint256) {
        return weft.totalSupply();
    }

    function isEliminated() public view returns (bool) {
        return court.dispute(hash).eliminated;
    }

    function attackerAt(uint256 i) internal view returns (address) {
        return address(uint160(attacker0) + uint160(i % ATTACKERS));
    }
}

// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ProtocolParams} from "../generated/Params.sol";
import {IEpochCourt} from "../interfaces/IEpochCourt.sol";
import {Typed} from "../libraries/Typed.sol";
import {EpochCommitment} from "../types/Epochs.sol";
import {Wiring} from "../types/Wiring.sol";
import {Rivals} from "./Rivals.sol";

/// @title Epochs and their bonds: what was committed, how long it can be disputed, when it is final.
abstract contract EpochBook is Rivals, IEpochCourt {
    uint256 private constant PPM = 1e6;

    /// @dev | until 40 | bond 64 | released 96 |
    struct Epoch {
        uint96 released;
        uint64 bond;
        uint40 until;
    }

    uint256 private immutable WINDOW;
    uint256 private immutable AUDIT_PPM;

    mapping(bytes32 epoch => Epoch) internal _epochs;
    mapping(bytes20 nodeId => uint64) private _nextEpochs;

    constructor(Wiring memory wiring, ProtocolParams memory params, address treasury)
        Rivals(wiring, params, treasury)
    {
        if (params.auditRatePpm > PPM) revert ParamsUnsafe("auditRatePpm");
        (WINDOW, AUDIT_PPM) = (params.challengeWindowSeconds, params.auditRatePpm);
    }

    function commitEpoch(EpochCommitment calldata e, uint64 bond) external returns (bytes32 epoch) {
        address owner = REGISTRY.ownerOf(e.nodeId);
        if (msg.sender != owner && msg.sender != REGISTRY.operatorOf(e.nodeId)) revert NotNode(e.nodeId, msg.sender);
        uint64 next = _nextEpochs[e.nodeId];
        if (e.epoch != next) revert EpochOutOfTurn(e.nodeId, next, e.epoch);
        if (e.results == 0) revert EpochEmpty();
        if (bond < LADDER) revert BondTooLow(bond, LADDER);
        uint256 cap = capOf(bond);
        if (e.value > cap) revert ValueAboveCap(e.value, cap);
        _lock(owner, bond);
        _nextEpochs[e.nodeId] = next + 1;
        epoch = Typed.hash(e);
        uint40 until = uint40(block.timestamp + WINDOW);
        _epochs[epoch] = Epoch(0, bond, until);
        emit EpochCommitted(epoch, e.nodeId, e, bond, until);
    }

    function closeEpoch(EpochCommitment calldata e) external {
        bytes32 epoch = Typed.hash(e);
        _checkFinal(epoch);
        uint64 bond = _epochs[epoch].bond;
        if (bond == 0) revert ZeroAmount();
        _epochs[epoch].bond = 0;
        _deposits[REGISTRY.ownerOf(e.nodeId)] += bond;
        emit EpochClosed(epoch, e.nodeId, bond);
    }

    /// @dev An epoch that a rival can be named of now.
    function _disputable(EpochCommitment calldata e) internal view returns (bytes32 epoch) {
        epoch = Typed.hash(e);
        uint256 until = _untilOf(epoch);
        _checkStands(epoch);
        if (block.timestamp > until) revert WindowOver(epoch, until);
    }

    /// @dev Its window is over and no rival is left: nothing can become of it any more.
    function _checkFinal(bytes32 epoch) internal view {
        uint256 until = _untilOf(epoch);
        _checkStands(epoch);
        if (block.timestamp <= until || _hasRivals(epoch)) revert EpochOpen(epoch, until);
    }

    /// @dev What it may still release.
    function _roomOf(bytes32 epoch, uint96 value) internal view returns (uint96) {
        return value - _epochs[epoch].released;
    }

    function _untilOf(bytes32 epoch) private view returns (uint256 until) {
        until = _epochs[epoch].until;
        if (until == 0) revert EpochUnknown(epoch);
    }

    /// @dev A liar that sees it will be found may find itself and so save half: the other half is what it risks. With that
    /// a lie gains at most cap · (1 - q) and loses at least bond / 2 · q.
    function capOf(uint64 bond) public view returns (uint256) {
        if (AUDIT_PPM == PPM) return type(uint96).max;
        return bond / 2 * AUDIT_PPM / (PPM - AUDIT_PPM);
    }

    function epochHash(EpochCommitment calldata e) external pure returns (bytes32) {
        return Typed.hash(e);
    }

    function epochOf(bytes32 epoch) external view returns (EpochView memory) {
        Epoch memory e = _epochs[epoch];
        return EpochView(e.released, e.bond, e.until);
    }

    function nextEpochOf(bytes20 nodeId) external view returns (uint64) {
        return _nextEpochs[nodeId];
    }
}

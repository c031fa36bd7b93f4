// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IAudits} from "../interfaces/IAudits.sol";
import {IExactCourt} from "../interfaces/ICourt.sol";
import {CourtProgram} from "../interfaces/IGames.sol";
import {IMarket} from "../interfaces/IMarket.sol";
import {Typed} from "../libraries/Typed.sol";
import {Lease} from "../types/Leases.sol";
import {SegmentCommitment} from "../types/Orders.sol";
import {DTYPE_F32, ValueType} from "../types/StepValues.sol";
import {Wiring} from "../types/Wiring.sol";
import {Layout} from "./Layout.sol";
import {TensorLayout} from "./TensorLayout.sol";
import {Tree} from "./Tree.sol";
import {Words} from "./Words.sol";

/// @title What the grounds of a dispute rest on: the order's court program, openings of the commitment, earlier leases.
/// @notice Stateless. Each function takes the calldata of the one of the same name in {IExactCourt}, which forwards it after
/// it has made sure that the commitment is recorded and can be disputed; it reverts when the ground doesn't hold.
contract Grounds {
    uint256 private constant INFINITY = 0x7f800000;
    uint256 private constant ONES = type(uint256).max / 255;

    IAudits private immutable AUDITS;
    IMarket private immutable MARKET;

    constructor(Wiring memory wiring) {
        AUDITS = IAudits(wiring.audits);
        MARKET = IMarket(wiring.market);
    }

    // ---- rivals ---------------------------------------------------------------------------------------------------

    /// @return program Hash of the order's court program; so for every ground.
    function challenge(SegmentCommitment calldata c, IExactCourt.Opening calldata opening, bytes32, uint64)
        external
        pure
        returns (bytes32 program)
    {
        return _programOf(c, opening);
    }

    function challengeStart(
        SegmentCommitment calldata c,
        SegmentCommitment calldata first,
        IExactCourt.Opening calldata opening,
        uint64
    ) external view returns (bytes32 program) {
        program = _programOf(c, opening);
        _checkFirst(c, first);
        CourtProgram calldata p = opening.program;
        if (first.firstStep == p.startStep && first.startRoot == p.startRoot) {
            revert IExactCourt.StartAllowed(first.firstStep, first.startRoot);
        }
    }

    function showStart(
        SegmentCommitment calldata c,
        SegmentCommitment calldata first,
        SegmentCommitment calldata earlier,
        uint32 voidedFrom
    ) external view returns (bytes32) {
        uint256 begunAt = _checkFirst(c, first);
        Lease memory lease = MARKET.lease(c.leaseId);
        bool fits = earlier.orderHash == first.orderHash && MARKET.lease(earlier.leaseId).fill < lease.fill
            && earlier.program == first.program && earlier.dataRoot == first.dataRoot
            && earlier.lastStep + 1 == first.firstStep && earlier.endRoot == first.startRoot
            && _recordedAt(earlier) <= begunAt;
        bool void = AUDITS.wasVoid(earlier.leaseId, earlier.segment, voidedFrom, lease.openedAt);
        if (!fits || void) revert IExactCourt.StartNotShown();
        return 0;
    }

    function _checkFirst(SegmentCommitment calldata c, SegmentCommitment calldata first)
        private
        view
        returns (uint256)
    {
        if (first.leaseId != c.leaseId || first.segment != 0) {
            revert IExactCourt.CommitmentMismatch(AUDITS.segment(c.leaseId, 0).commitmentHash, Typed.hash(first));
        }
        return _recordedAt(first);
    }

    function _recordedAt(SegmentCommitment calldata c) private view returns (uint256) {
        IAudits.SegmentView memory recorded = AUDITS.segment(c.leaseId, c.segment);
        bytes32 hash = Typed.hash(c);
        if (recorded.commitmentHash != hash) revert IExactCourt.CommitmentMismatch(recorded.commitmentHash, hash);
        return recorded.committedAt;
    }

    // ---- proven at once -------------------------------------------------------------------------------------------

    function proveFields(
        SegmentCommitment calldata c,
        IExactCourt.Opening calldata opening,
        IExactCourt.StepOpening calldata last
    ) external view returns (bytes32 program) {
        program = _programOf(c, opening);
        CourtProgram calldata p = opening.program;
        if (c.program != p.programHash || c.dataRoot != p.dataRoot || !_isWhole(p, c)) return program;
        _checkStep(c, last);
        if (last.step != c.lastStep || last.state == c.endRoot) revert IExactCourt.NothingFalse();
    }

    function proveNanLoss(
        SegmentCommitment calldata c,
        IExactCourt.Opening calldata opening,
        IExactCourt.StepOpening calldata step
    ) external view returns (bytes32) {
        _checkStep(c, step);
        _checkNan(step.loss);
        return _programOf(c, opening);
    }

    function proveNanState(
        SegmentCommitment calldata c,
        IExactCourt.Opening calldata opening,
        IExactCourt.StepOpening calldata step,
        IExactCourt.WordOpening calldata w
    ) external view returns (bytes32) {
        _checkStep(c, step);
        uint64 entries = opening.program.entries;
        Tree.mustBe(step.state, Layout.stateRoot(step.step + 1, entries, w.entriesRoot));
        bytes32 tensorRoot = Layout.tensorRoot(ValueType(DTYPE_F32, w.shape), w.leavesRoot);
        bytes32 leaf = Layout.entryLeaf(w.name, tensorRoot);
        Tree.mustBe(w.entriesRoot, Tree.rootFrom(entries, w.entry, leaf, w.entryPath));
        uint256 leaves = TensorLayout.leafCount(w.shape);
        Tree.mustBe(w.leavesRoot, Tree.rootFrom(leaves, w.leaf, Tree.leafOf(w.data), w.leafPath));
        _checkNan(Words.wordOf(w.data, w.word));
        return _programOf(c, opening);
    }

    /// @dev Whole segments only: anything else shifts every step after it.
    function _isWhole(CourtProgram calldata p, SegmentCommitment calldata c) private pure returns (bool) {
        uint256 size = p.stepsPerSegment;
        if (size == 0 || c.firstStep >= p.totalSteps || c.firstStep % size != 0) return false;
        uint256 end = c.firstStep + size;
        return uint256(c.lastStep) + 1 == (end < p.totalSteps ? end : p.totalSteps);
    }

    /// @dev A step of the committed history.
    function _checkStep(SegmentCommitment calldata c, IExactCourt.StepOpening calldata step) private view {
        uint256 count = uint256(c.lastStep) - c.firstStep + 1;
        if (step.step < c.firstStep) revert IExactCourt.NothingFalse();
        bytes32 leaf = Tree.leafOf(Layout.stepRoot(c.program, step.step, step.loss, step.state));
        Tree.mustBe(c.historyRoot, Tree.rootFrom(count, step.step - c.firstStep, leaf, step.path));
    }

    function _checkNan(uint32 word) private pure {
        if (word & 0x7fffffff <= INFINITY) revert IExactCourt.NotNan(word);
    }

    // ---- the order ------------------------------------------------------------------------------------------------

    /// @dev The court program that the order's details hold (packages/protocol/src/JobDetails.ts): position 5 of 8.
    function _programOf(SegmentCommitment calldata c, IExactCourt.Opening calldata opening)
        private
        pure
        returns (bytes32 program)
    {
        bytes32 order = Typed.hash(opening.order);
        if (order != c.orderHash) revert IExactCourt.OrderMismatch(c.orderHash, order);
        program = Layout.hash(opening.program);
        uint256 word = uint256(program);
        bytes memory text = abi.encodePacked('"0x', _hex(word >> 128), _hex(uint128(word)), '"');
        bytes32 node = keccak256(abi.encodePacked(bytes1(0x00), abi.encode("court", opening.salt, text)));
        node = keccak256(abi.encodePacked(bytes1(0x01), opening.path[0], node));
        node = keccak256(abi.encodePacked(bytes1(0x01), node, opening.path[1]));
        node = keccak256(abi.encodePacked(bytes1(0x01), opening.path[2], node));
        if (node != opening.order.jobCommitment) {
            revert IExactCourt.DetailsMismatch(opening.order.jobCommitment, node);
        }
    }

    /// @dev 16 bytes as 32 hexadecimal digits, all at once: each half moves up by half until every byte is one digit.
    function _hex(uint256 x) private pure returns (bytes32) {
        unchecked {
            x = (x | x << 64) & 0x0000000000000000ffffffffffffffff0000000000000000ffffffffffffffff;
            x = (x | x << 32) & 0x00000000ffffffff00000000ffffffff00000000ffffffff00000000ffffffff;
            x = (x | x << 16) & 0x0000ffff0000ffff0000ffff0000ffff0000ffff0000ffff0000ffff0000ffff;
            x = (x | x << 8) & 0x00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff;
            x = (x | x << 4) & 0x0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f;
            // 1 for each digit above 9: from there to "a" it is 39 more than from "0".
            uint256 letters = ((x + ONES * 6) >> 4) & ONES;
            return bytes32(x + ONES * 48 + letters * 39);
        }
    }
}

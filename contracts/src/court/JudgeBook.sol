// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IOperatorJudge} from "../interfaces/IOperatorJudge.sol";

/// @title Which judge answers for an operator under a numerics (spec/court-operators.md §3).
/// @notice Filled when it is made and never changed: what a lease pinned keeps its meaning. More operators or numerics are
/// another book, for another court.
contract JudgeBook {
    struct Entry {
        uint8 op;
        /// @dev The id's ASCII, zeros after it.
        bytes32 numericsId;
        IOperatorJudge judge;
    }

    event JudgeEntered(uint8 indexed op, bytes32 indexed numericsId, IOperatorJudge judge);

    error EntryInvalid(uint8 op, bytes32 numericsId);
    error JudgeUnknown(uint8 op, bytes32 numericsId);

    mapping(bytes32 numericsId => mapping(uint8 op => IOperatorJudge)) private _judges;

    constructor(Entry[] memory entries) {
        for (uint256 i = 0; i < entries.length; ++i) {
            Entry memory entry = entries[i];
            bool taken = address(_judges[entry.numericsId][entry.op]) != address(0);
            if (taken || address(entry.judge).code.length == 0) revert EntryInvalid(entry.op, entry.numericsId);
            _judges[entry.numericsId][entry.op] = entry.judge;
            emit JudgeEntered(entry.op, entry.numericsId, entry.judge);
        }
    }

    function judgeOf(uint8 op, bytes32 numericsId) external view returns (IOperatorJudge judge) {
        judge = _judges[numericsId][op];
        if (address(judge) == address(0)) revert JudgeUnknown(op, numericsId);
    }
}

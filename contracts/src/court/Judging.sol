// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IGames} from "../interfaces/IGames.sol";
import {IOperatorJudge} from "../interfaces/IOperatorJudge.sol";
import {KIND_NODE} from "../types/StepValues.sol";
import {JudgeBook} from "./JudgeBook.sol";
import {Records} from "./Records.sol";

/// @notice Who answers for the operator of a record. The numerics of a court program is a number (spec/court.md §1).
library Judging {
    uint8 private constant FP32 = 0;

    function judgeOf(JudgeBook judges, bytes calldata record, uint8 numericsId)
        internal
        view
        returns (IOperatorJudge)
    {
        uint8 kind = Records.kindOf(record);
        if (kind != KIND_NODE || record.length < 2) revert IGames.RecordInvalid(kind);
        bytes32 name = numericsId == FP32 ? bytes32("fp32-seq-unfused") : bytes32("int8-int32");
        return judges.judgeOf(uint8(record[1]), name);
    }
}

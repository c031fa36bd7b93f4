// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ProtocolParams} from "../generated/Params.sol";
import {Wiring} from "../types/Wiring.sol";
import {AuditCases} from "./AuditCases.sol";
import {Availability} from "./Availability.sol";
import {Equivocation} from "./Equivocation.sol";
import {SegmentBook} from "./SegmentBook.sol";
import {SegmentDraw} from "./SegmentDraw.sol";

/// @title Segment commitments, availability and random audits, see {IAudits}.
contract Audits is Availability, AuditCases, Equivocation {
    constructor(Wiring memory wiring, ProtocolParams memory params)
        SegmentBook(wiring, params)
        SegmentDraw(params)
        AuditCases(params)
    {}
}

// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ICourt} from "../../src/interfaces/ICourt.sol";
import {IMarket} from "../../src/interfaces/IMarket.sol";
import {CloseReason} from "../../src/types/Leases.sol";

/// @notice A court that does what it is told, to test what any court may and may not do. For tests only.
contract TestCourt is ICourt {
    IMarket private immutable MARKET;

    constructor(IMarket market) {
        MARKET = market;
    }

    function hears(uint8) external pure returns (bool) {
        return true;
    }

    function freeze(bytes32 id) external returns (uint32) {
        return MARKET.courtFreeze(id);
    }

    function unfreeze(bytes32 id) external {
        MARKET.courtUnfreeze(id);
    }

    function void(bytes32 id, uint64 cap) external {
        MARKET.courtVoid(id, cap);
    }

    function slash(bytes32 id, uint64 amount, address beneficiary) external {
        MARKET.courtSlash(id, amount, beneficiary);
    }

    function splitBond(bytes32 id, address finder) external returns (uint64, uint64) {
        return MARKET.courtSplitBond(id, finder);
    }

    function close(bytes32 id, CloseReason reason) external {
        MARKET.close(id, reason);
    }
}

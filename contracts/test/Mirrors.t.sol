// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Presets, ProtocolParams} from "../src/generated/Params.sol";
import {Draw} from "../src/libraries/Draw.sol";
import {Terms} from "../src/libraries/Terms.sol";
import {LeaseMoney} from "../src/types/Leases.sol";
import {vm} from "./base/Vm.sol";

/// @notice What packages/verification and packages/market compute by themselves, recomputed by the contracts' own code.
/// The vectors come from tools/generate/vectors.ts; columns of 32-byte words.
contract MirrorsTest {
    using Draw for Draw.State;

    uint256 private constant PLACES = 8;

    mapping(bytes32 registry => Draw.State) private _registries;
    ProtocolParams private _params = Presets.local();

    function test_draws_of_4_nodes() external {
        _checkDraws("small");
    }

    function test_draws_of_12_nodes() external {
        _checkDraws("middle");
    }

    function test_draws_of_80_nodes() external {
        _checkDraws("large");
    }

    function test_seeds_samples_steps_and_seals() external view {
        string memory json = vm.readFile("../spec/vectors/verification/audit.json");
        bytes32[] memory seed = _column(json, ".seed");
        bytes32[] memory randomness = _column(json, ".randomness");
        bytes32[] memory hash = _column(json, ".commitmentHash");
        bytes32[] memory sampled = _column(json, ".sampled");
        for (uint256 i = 0; i < seed.length; ++i) {
            vm.assertEq(keccak256(abi.encode(randomness[i], hash[i])), seed[i], "seed");
            bool picked = uint256(keccak256(abi.encode(seed[i], "sample"))) % 1e6 < _params.auditRatePpm;
            vm.assertEq(picked ? 1 : 0, uint256(sampled[i]), "sampled");
        }
        _checkSteps(json, seed);
        _checkSeals(json);
    }

    function test_terms() external view {
        string memory json = vm.readFile("../spec/vectors/market/terms.json");
        bytes32[] memory rate = _column(json, ".rate");
        bytes32[] memory duration = _column(json, ".durationSeconds");
        bytes32[] memory tier = _column(json, ".tier");
        bytes32[][4] memory money =
            [_column(json, ".pay"), _column(json, ".auditPot"), _column(json, ".startFee"), _column(json, ".bond")];
        Terms.Rules memory rules = Terms.Rules({
            intervalSeconds: _params.intervalSeconds,
            auditShareBps: _params.auditShareBps,
            auditRatePpm: _params.auditRatePpm,
            exposureSeconds: _params.exposureSeconds,
            minBond: _params.minBond
        });
        for (uint256 i = 0; i < rate.length; ++i) {
            LeaseMoney memory m = Terms.money(rules, uint256(rate[i]), uint256(duration[i]), uint8(uint256(tier[i])));
            vm.assertEq(m.pay, uint256(money[0][i]), "pay");
            vm.assertEq(m.auditPot, uint256(money[1][i]), "auditPot");
            vm.assertEq(m.startFee, uint256(money[2][i]), "startFee");
            vm.assertEq(m.bond, uint256(money[3][i]), "bond");
        }
        vm.assertGt(rate.length, 0);
    }

    function _checkDraws(string memory size) private {
        string memory json = vm.readFile("../spec/vectors/verification/draw.json");
        string memory root = string.concat(".", size);
        Draw.State storage registry = _registries[keccak256(bytes(size))];
        _replay(registry, json, string.concat(root, ".log"));

        Cases memory c = _cases(json, string.concat(root, ".cases"));
        for (uint256 i = 0; i < c.seed.length; ++i) {
            _checkDraw(registry, c, i);
        }
        vm.assertGt(c.seed.length, 0);
    }

    struct Cases {
        bytes32[] time;
        bytes32[] seed;
        bytes32[] count;
        bytes32[] provider;
        bytes32[] buyer;
        bytes32[] drawn;
    }

    function _cases(string memory json, string memory key) private pure returns (Cases memory c) {
        c.time = _column(json, string.concat(key, ".time"));
        c.seed = _column(json, string.concat(key, ".seed"));
        c.count = _column(json, string.concat(key, ".count"));
        c.provider = _column(json, string.concat(key, ".provider"));
        c.buyer = _column(json, string.concat(key, ".buyer"));
        c.drawn = _column(json, string.concat(key, ".drawn"));
    }

    function _checkDraw(Draw.State storage registry, Cases memory c, uint256 i) private view {
        bytes20[] memory drawn = _drawMany(registry, _query(registry, c, i), c.seed[i]);
        for (uint256 k = 0; k < PLACES; ++k) {
            bytes32 picked = k < drawn.length ? bytes32(drawn[k]) : bytes32(0);
            vm.assertEq(picked, bytes32(_nodeId(c.drawn[i * PLACES + k])), "drawn");
        }
    }

    function _query(Draw.State storage registry, Cases memory c, uint256 i) private view returns (Draw.Query memory q) {
        q.time = uint48(uint256(c.time[i]));
        q.cap = _params.drawStakeCap;
        q.provider = registry.ownerAt(_nodeId(c.provider[i]), q.time);
        q.buyer = _address(c.buyer[i]);
        q.drawnOwners = new address[](uint256(c.count[i]));
    }

    /// @dev As Registry.drawMany: after the first empty pick nobody else is asked.
    function _drawMany(Draw.State storage registry, Draw.Query memory q, bytes32 seed)
        private
        view
        returns (bytes20[] memory drawn)
    {
        drawn = new bytes20[](q.drawnOwners.length);
        for (uint256 k = 0; k < drawn.length; ++k) {
            q.seed = keccak256(abi.encode(seed, k));
            drawn[k] = registry.pick(q);
            if (drawn[k] == 0) break;
            q.drawnOwners[k] = registry.ownerAt(drawn[k], q.time);
        }
    }

    function _replay(Draw.State storage registry, string memory json, string memory log) private {
        bytes32[] memory time = _column(json, string.concat(log, ".time"));
        bytes32[] memory kind = _column(json, string.concat(log, ".kind"));
        bytes32[] memory nodeId = _column(json, string.concat(log, ".nodeId"));
        bytes32[] memory owner = _column(json, string.concat(log, ".owner"));
        bytes32[] memory stake = _column(json, string.concat(log, ".stake"));
        for (uint256 i = 0; i < time.length; ++i) {
            vm.warp(uint256(time[i]));
            if (uint256(kind[i]) != 1) registry.recordOwner(_nodeId(nodeId[i]), _address(owner[i]));
            else registry.recordStake(_nodeId(nodeId[i]), uint256(stake[i]), _params.minStake);
        }
    }

    function _checkSteps(string memory json, bytes32[] memory seed) private pure {
        bytes32[] memory auditor = _column(json, ".auditor");
        bytes32[] memory firstStep = _column(json, ".firstStep");
        bytes32[] memory lastStep = _column(json, ".lastStep");
        bytes32[] memory step = _column(json, ".step");
        for (uint256 i = 0; i < seed.length; ++i) {
            uint256 count = uint256(lastStep[i]) - uint256(firstStep[i]) + 1;
            uint256 offset = uint256(keccak256(abi.encode(seed[i], _nodeId(auditor[i])))) % count;
            vm.assertEq(uint256(firstStep[i]) + offset, uint256(step[i]), "step");
        }
    }

    function _checkSeals(string memory json) private pure {
        bytes32[] memory leaseId = _column(json, ".leaseId");
        bytes32[] memory segment = _column(json, ".segment");
        bytes32[] memory auditor = _column(json, ".auditor");
        bytes32[] memory ok = _column(json, ".ok");
        bytes32[] memory stepRoot = _column(json, ".stepRoot");
        bytes32[] memory alt = _column(json, ".altHistoryRoot");
        bytes32[] memory salt = _column(json, ".salt");
        bytes32[] memory seal = _column(json, ".seal");
        for (uint256 i = 0; i < seal.length; ++i) {
            bytes memory opened = abi.encode(
                leaseId[i],
                uint32(uint256(segment[i])),
                _nodeId(auditor[i]),
                uint256(ok[i]) == 1,
                stepRoot[i],
                alt[i],
                salt[i]
            );
            vm.assertEq(keccak256(opened), seal[i], "seal");
        }
    }

    function _column(string memory json, string memory key) private pure returns (bytes32[] memory) {
        return vm.parseJsonBytes32Array(json, key);
    }

    function _nodeId(bytes32 word) private pure returns (bytes20) {
        return bytes20(uint160(uint256(word)));
    }

    function _address(bytes32 word) private pure returns (address) {
        return address(uint160(uint256(word)));
    }
}

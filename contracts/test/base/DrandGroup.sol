// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Bn254Bls} from "../../src/libraries/Bn254Bls.sol";
import {DrandChain} from "../../src/types/Drand.sol";
import {vm} from "./Vm.sol";

/// @notice Drand networks of spec/vectors/verification/drand.json: recorded rounds of real ones, and one of a single
/// member whose secret is known, so that any round can be signed here.
abstract contract DrandGroup {
    /// @dev Order of the groups.
    uint256 internal constant ORDER = 0x30644e72e131a029b85045b68181585d2833e84879b9709143e1f593f0000001;

    string internal drandJson = vm.readFile("../spec/vectors/verification/drand.json");

    function chainOf(string memory name) internal view returns (DrandChain memory) {
        return DrandChain({
            genesis: uint64(vm.parseJsonUint(drandJson, string.concat(name, ".genesis"))),
            period: uint64(vm.parseJsonUint(drandJson, string.concat(name, ".period"))),
            publicKey: vm.parseJsonBytes(drandJson, string.concat(name, ".publicKey")),
            dst: vm.parseJsonBytes(drandJson, string.concat(name, ".dst"))
        });
    }

    function drandColumn(string memory key) internal view returns (bytes32[] memory) {
        return vm.parseJsonBytes32Array(drandJson, key);
    }

    /// @notice As the member of the network `.signed` signs.
    function signDrand(uint64 drandRound) internal view returns (bytes memory) {
        return signDrandWith(uint256(keccak256("vectors")) % ORDER, drandRound);
    }

    function signDrandWith(uint256 secret, uint64 drandRound) internal view returns (bytes memory signature) {
        bytes memory message = bytes.concat(keccak256(abi.encodePacked(drandRound)));
        Bn254Bls.G1 memory hashed = Bn254Bls.hashToG1("BLS_SIG_BN254G1_XMD:KECCAK-256_SVDW_RO_NUL_", message);
        bool ok;
        (ok, signature) = address(0x07).staticcall(abi.encode(hashed.x, hashed.y, secret));
        vm.assertTrue(ok, "multiplication");
    }
}

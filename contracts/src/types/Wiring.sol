// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @notice The addresses of one deployment. The deployer predicts them (CREATE) and hands the same struct to every
/// constructor; each contract refuses to exist at another address than the one predicted for it.
struct Wiring {
    address stable;
    address weft;
    address registry;
    address channels;
    address market;
    address audits;
    address beacon;
    address courts;
    address games;
    address court;
    address epochs;
}

/// @notice A contract was deployed at an address that the wiring doesn't name for it.
error MispredictedAddress(address expected, address actual);

// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

// Generated from spec/vectors/tensor/recipes.json by `npm run generate`. Do not edit.

/// Words of the fp32 recipes of spec/tensor.md §4.1.
library RecipeConstants {
    uint256 internal constant EXP_FIRST = 0x39506967;
    uint256 internal constant EXP_REST = 0x0000000000000000000000003ab743ce3c0889083d2aa9c13e2aaaaa3f000000;
    uint256 internal constant EXP_REST_COUNT = 5;
    uint256 internal constant EXP_OVERFLOW = 0x42b17218;
    uint256 internal constant EXP_UNDERFLOW = 0xc2cff1b4;
    uint256 internal constant EXP_INVERSE_LN2 = 0x3fb8aa3b;
    uint256 internal constant EXP_MAGIC = 0x4b400000;
    uint256 internal constant EXP_LN2_HIGH = 0x3f317200;
    uint256 internal constant EXP_LN2_LOW = 0x35bfbe8e;
    uint256 internal constant LOG_FIRST = 0x3d9021bb;
    uint256 internal constant LOG_REST = 0xbdebd1b83def251abdfe5d4f3e11e9bfbe2aae503e4cceacbe7ffffc3eaaaaaa;
    uint256 internal constant LOG_REST_COUNT = 8;
    uint256 internal constant LOG_ROOT_HALF = 0x3f3504f3;
    uint256 internal constant LOG_LN2_HIGH = 0x3f318000;
    uint256 internal constant LOG_LN2_LOW = 0xb95e8083;
    uint256 internal constant TANH_FIRST = 0xbbbaf0ea;
    uint256 internal constant TANH_REST = 0x000000000000000000000000000000003ca9134ebd5c1e2d3e088393beaaaa99;
    uint256 internal constant TANH_REST_COUNT = 4;
}

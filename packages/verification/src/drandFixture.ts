// For tests: recorded rounds of real drand networks, published hash-to-curve vectors, and a group of one member whose
// secret is known. Not used by the product.
//
// Where the recorded values were read (public repositories on GitHub; values only):
//   evmnet, as its /info says: drand/tlock networks/fixed/fixed_test.go, alea-drand/alea sdk/rust/tests/fixtures.rs
//   round 1 with randomness: alea-drand/alea sdk/rust/tests/fixtures.rs; rounds 1, 2, 1000: gnolang/gno
//     contribs/gnodrand/internal/relayer/relayer_test.go; round 1000 with randomness: Robinhood-OSS/OpenVRF
//     examples/evmnet-round-1000.json and test/OpenVRF.t.sol
//   round 9337227 with its point: randa-mu/bls-solidity test/data/testcases.json; with randomness: alea-drand/alea
//   evmnet before its launch (another key, chain hash f50064cd…082db2): kevincharm/noble-bn254-drand test/data.ts
//   hash of "hello" under two tags: randa-mu/bls-solidity test/data/testcases_bn254.json
//   field elements of rounds 1 and 9337227: alea-drand/alea programs/alea-verifier/src/crypto/expand_message.rs
//   mapped points and points hashed with SHA-256: Consensys/gnark-crypto ecc/bn254/hash_vectors_test.go
import { bn254 } from "@noble/curves/bn254";
import { concat, type Hex, keccak256, numberToHex, toHex } from "viem";
import { messageOf } from "./drand.ts";
import type { DrandChain, DrandRound } from "./drandRounds.ts";

export interface RecordedRound extends DrandRound {
  /** As the network published it, where the source has it. */
  randomness?: Hex;
}

/** Domain separation tag of the scheme bls-bn254-unchained-on-g1. */
export const schemeDst: Hex = toHex("BLS_SIG_BN254G1_XMD:KECCAK-256_SVDW_RO_NUL_");

export const evmnet: DrandChain = {
  genesis: 1_727_521_075n,
  period: 3n,
  publicKey: concat([
    "0x07e1d1d335df83fa98462005690372c643340060d205306a9aa8106b6bd0b382",
    "0x0557ec32c2ad488e4d4f6008f89a346f18492092ccc0d594610de2732c8b808f",
    "0x0095685ae3a85ba243747b1b2f426049010f6b73a0cf1d389351d5aaaa1047f6",
    "0x297d3a4f9749b33eb2d904c9d9ebf17224150ddd7abd7567a9bec6c74480ee0b",
  ]),
  dst: schemeDst,
};

export const evmnetHash: Hex = "0x04f1e9062b8a81f848fded9c12306733282b2727ecced50032187751166ec8c3";

export const evmnetRounds: readonly RecordedRound[] = [
  {
    round: 1n,
    signature: concat([
      "0x11f812d738a36b2210dc88c2d635ad8039588205f42445d6de09e6530165c346",
      "0x2a23aca348c84badcf8df5321ac24577b7963d5b0d780bc4626baedb45cde373",
    ]),
    randomness: "0x781b75698adc3af62cfa55db83cf0c73ae54e1ac8c0d4c3a2224126b65369ec5",
  },
  {
    round: 2n,
    signature: concat([
      "0x1dbfe644485f31e2a7978fb551b50933b0001e64397fd2b7dc4022e8e2fcdbc3",
      "0x25798cea5506deec489c8db3b4697f6b1bb6be8934b95bd9c0db88923487d9ad",
    ]),
  },
  {
    round: 1000n,
    signature: concat([
      "0x06fd5996329504d3a56b482d9222bf7205857d0a9559ddd216ca31a286f6a8cc",
      "0x0a120f021aac2f13553fb164f62bc3a5ca32c76dea88a777b39bcf3cac5fdbd6",
    ]),
    randomness: "0x0e6745667465a6f9dce5d5f994656955080be14c469ff17fc4fc588c925a8504",
  },
  {
    round: 9_337_227n,
    signature: concat([
      "0x01d65d6128f4b2df3d08de85543d8efe06b0281d0770246ae3672e8ddd3efda0",
      "0x269373123458f0b5c0073eeed1c816a06809e127421513e34ee07df6987910b3",
    ]),
    randomness: "0xa1e645cd6193837f626716851f5c42ad4bf63ad75193b2cae40f88c08c8f3bd8",
  },
];

/** The network that evmnet was tried on before its launch. */
export const earlyEvmnet: DrandChain = {
  genesis: 1_726_958_055n,
  period: 3n,
  publicKey: concat([
    "0x14018a8127d0cd185f0d0cd168bec330c584581d46f77f41e8ee33ad600588e1",
    "0x04961f20efbcec8ce5e176aa182bf141f7059cfb467e3b508bc6f36f227d5cf3",
    "0x1c7baa2a010677e813ffca24b4ff5faf3348b2750201c85b126a480118b149f5",
    "0x14d3e7aba46a99f40aac6507a2c6d6f3c7a6b38038786831e3e6b5b0adf5894b",
  ]),
  dst: schemeDst,
};

export const earlyEvmnetRounds: readonly RecordedRound[] = [
  {
    round: 1n,
    signature: concat([
      "0x0d2cdded373210583d66d973f28b68adc4a5d52a39304a38343ee9d2e785f335",
      "0x098a1d16660304ceeabac9ddb80ec00916dcbe32ac8597b6295baac935f84648",
    ]),
    randomness: "0x9ddf8ee8ff3f375f33c8f8fd142b648e1f3c134284423362e8796770ac43c1a6",
  },
  {
    round: 3n,
    signature: concat([
      "0x2b71c198edfb7271be885f02227930d86e88884fc6870219898904748d37f49f",
      "0x03f4e39b955198e6638cd55c785d1e0f6da236539f9d18b84ab95eb2e92f691a",
    ]),
    randomness: "0xf4f91abe0819ab72e97e08658fef52f395bcfb270dccfb33b9286720083085f2",
  },
  {
    round: 40n,
    signature: concat([
      "0x23f7e78888e0bb376e9f70ded2d49546e300c913a401c1b59cc63626c5a6f375",
      "0x0cc5ef66ad1430b82a57aa94aa866dccd68213e66d5f35ff53b19c60dc008429",
    ]),
    randomness: "0xf6e126339b1aba7c12aec53a76b6a790dd649c8cdbeeb41d2a47024fb3d57fd4",
  },
];

/** Field element → point, by the Shallue-van de Woestijne map. */
export const mapped: readonly { u: bigint; x: bigint; y: bigint }[] = [
  {
    u: 0x0cb81538a98a2e3580076eed495256611813f6dae9e16d3d4f8de7af0e9833e1n,
    x: 0x1bb8810e2ceaf04786d4efd216fc2820ddd9363712efc736ada11049d8af5925n,
    y: 0x1efbf8d54c60d865cce08437668ea30f5bf90d287dbd9b5af31da852915e8f11n,
  },
  {
    u: 0x0ba35e127276e9000b33011860904ddee28f1d48ddd3577e2a797ef4a5e62319n,
    x: 0x0da4a96147df1f35b0f820bd35c6fac3b80e8e320de7c536b1e054667b22c332n,
    y: 0x189bd3fbffe4c8740d6543754d95c790e44cd2d162858e3b733d2b8387983bb7n,
  },
  {
    u: 0x11852286660cd970e9d7f46f99c7cca2b75554245e91b9b19d537aa6147c28fcn,
    x: 0x2ff727cfaaadb3acab713fa22d91f5fddab3ed77948f3ef6233d7ea9b03f4da1n,
    y: 0x304080768fd2f87a852155b727f97db84b191e41970506f0326ed4046d1141aan,
  },
  {
    u: 0x174d1c85d8a690a876cc1deba0166d30569fafdb49cb3ed28405bd1c5357a1ccn,
    x: 0x11a2eaa8e3e89de056d1b3a288a7f733c8a1282efa41d28e71af065ab245df9bn,
    y: 0x060f37c447ac29fd97b9bb83be98ddccf15e34831a9cdf5493b7fede0777ae06n,
  },
  {
    u: 0x073b81432b4cf3a8a9076201500d1b94159539f052a6e0928db7f2df74bff672n,
    x: 0x27409dccc6ee4ce90e24744fda8d72c0bc64e79766f778da0c1c0ef1c186ea84n,
    y: 0x1ac201a542feca15e77f30370da183514dc99d8a0b2c136d64ede35cd0b51dc0n,
  },
  {
    u: 0x2f87b81d9d6ef05ad4d249737498cc27e1bd485dca804487844feb3c67c1a9b5n,
    x: 0x0e449b959abbd0e5ab4c873eaeb1ccd887f1d9ad6cd671fd72cb8d77fb651892n,
    y: 0x29ff1e36867c60374695ee0c298fcbef2af16f8f97ed356fa75e61a797ebb265n,
  },
  {
    u: 0x06de2d0d7c0d9c7a5a6c0b74675e7543f5b98186b5dbf831067449000b2b1f8en,
    x: 0x19388d9112a306fba595c3a8c63daa8f04205ad9581f7cf105c63c442d7c6511n,
    y: 0x182da356478aa7776d1de8377a18b41e933036d0b71ab03f17114e4e673ad6e4n,
  },
  {
    u: 0x11945105b5e3d3b9392b5a2318409cbc28b7246aa47fa30da5739907737799a9n,
    x: 0x1452c8cc24f8dedc25b24d89b87b64e25488191cecc78464fea84077dd156f8dn,
    y: 0x209c3633505ba956f5ce4d974a868db972b8f1b69d63c218d360996bcec1ad41n,
  },
  {
    u: 0x1255fc9ad5a6e0fb440916f091229bda611c41be2f2283c3d8f98c596be4c8c9n,
    x: 0x04e8357c98524e6208ae2b771e370f0c449e839003988c2e4ce1eaf8d632559fn,
    y: 0x04396ec43dd8ec8f2b4a705090b5892219759da30154c39490fc4d59d51bb817n,
  },
];

/** Messages as text, hashed with SHA-256 in place of keccak256. */
export const hashedWithSha256: readonly { message: string; x: bigint; y: bigint }[] = [
  {
    message: "",
    x: 0x0a976ab906170db1f9638d376514dbf8c42aef256a54bbd48521f20749e59e86n,
    y: 0x02925ead66b9e68bfc309b014398640ab55f6619ab59bc1fab2210ad4c4d53d5n,
  },
  {
    message: "abc",
    x: 0x23f717bee89b1003957139f193e6be7da1df5f1374b26a4643b0378b5baf53d1n,
    y: 0x04142f826b71ee574452dbc47e05bc3e1a647478403a7ba38b7b93948f4e151dn,
  },
  {
    message: "abcdef0123456789",
    x: 0x187dbf1c3c89aceceef254d6548d7163fdfa43084145f92c4c91c85c21442d4an,
    y: 0x0abd99d5b0000910b56058f9cc3b0ab0a22d47cf27615f588924fac1e5c63b4dn,
  },
];

export const sha256Dst: Hex = toHex("QUUX-V01-CS02-with-BN254G1_XMD:SHA-256_SVDW_RO_");

/** Tag and message → point, with keccak256. */
export const hashed: readonly { dst: Hex; message: Hex; x: bigint; y: bigint }[] = [
  {
    dst: toHex("BN254G1_XMD:KECCAK-256_SVDW_RO"),
    message: toHex("hello"),
    x: 0x0beef402c4c94fac44fe220ef0cb7f56fb2d2f6a0500930282c170ee6afa447fn,
    y: 0x1cb8fd2d4488f28d14d1ab7a4ac224049e24f245481e670a51178d2895bb10a1n,
  },
  {
    dst: schemeDst,
    message: "0xbaf09720c37cb921fd8362b1d907232ac0b813ffba768c714aeaace987e7fd6b",
    x: 0x1626082c3dd0751bdaaf8c3e709b5dd7cdedf45d4e81a5aa3e270f1e78924b32n,
    y: 0x2bf29ab3af54dfe3c053ad4efa93db05d3586368463e9d7334c7ba61f6f4e955n,
  },
  {
    dst: schemeDst,
    message: "0x6c31fc15422ebad28aaf9089c306702f67540b53c7eea8b7d2941044b027100f",
    x: 0x073d3d00a1c3ca588db79d44202e44b2f45995ddd39e705717c9edfcb79e4371n,
    y: 0x173e31a5208ea2594cbcb23b5afb3dd930719a4d1a3f877839bb8bdeb3c15084n,
  },
  {
    dst: toHex(`dcipher-helloworld-v01-BN254G1_XMD:KECCAK-256_SVDW_RO_${numberToHex(31_337, { size: 32 })}_`),
    message: toHex("hello"),
    x: 0x08b70ec12bec2465bd5e245a7ddde3e619dba68b6e59dc4fce6bb1c58d76451an,
    y: 0x0f78beba66e72e912d5699966a3c4de5ea28e792b267671552e7d07936fc78aan,
  },
];

/** Signed message of a round → the two field elements that are mapped. */
export const elements: readonly { message: Hex; u0: bigint; u1: bigint }[] = [
  {
    message: "0x6c31fc15422ebad28aaf9089c306702f67540b53c7eea8b7d2941044b027100f",
    u0: 0x1b163e041c11b8ddb908e7b705c98ca4f393243bf3664bf5934a3680d3a5bfc6n,
    u1: 0x0b2f337436437aef114e4f8383ac665c24fe4d3f88b3c53d494ad4104b9d15ebn,
  },
  {
    message: "0xbaf09720c37cb921fd8362b1d907232ac0b813ffba768c714aeaace987e7fd6b",
    u0: 0x109ead626603ce780c14be70861676828e42948357c960d53e4250cb47246064n,
    u1: 0x1da61ba0e660ae1d421c04d6aa2a5d69b24a1a1d380d01b464bdf315b080e781n,
  },
];

const { Fr } = bn254.fields;
const word = (value: bigint): Hex => numberToHex(value, { size: 32 });
const secretOf = (name: string): bigint => Fr.create(BigInt(keccak256(toHex(name))));

/** A network of one member, `name`, which anybody can sign for. */
export function testChain(name: string, times: Pick<DrandChain, "genesis" | "period">): DrandChain {
  const { x, y } = bn254.G2.ProjectivePoint.BASE.multiply(secretOf(name)).toAffine();
  return { ...times, publicKey: concat([x.c1, x.c0, y.c1, y.c0].map(word)), dst: schemeDst };
}

export function signRound(name: string, { round, dst }: { round: bigint; dst: Hex }): DrandRound {
  const { x, y } = messageOf({ dst }, round).multiply(secretOf(name)).toAffine();
  return { round, signature: concat([word(x), word(y)]) };
}

// The part of npm `secp256k1` 5 that Keys.ts uses; the package ships no types.
declare module "secp256k1" {
  interface Secp256k1 {
    privateKeyVerify(key: Uint8Array): boolean;
    publicKeyCreate(key: Uint8Array, compressed?: boolean): Uint8Array;
    publicKeyConvert(key: Uint8Array, compressed?: boolean): Uint8Array;
    ecdsaSign(message: Uint8Array, key: Uint8Array): { signature: Uint8Array; recid: number };
    ecdsaRecover(signature: Uint8Array, recid: number, message: Uint8Array, compressed?: boolean): Uint8Array;
  }
  const secp256k1: Secp256k1;
  export default secp256k1;
}

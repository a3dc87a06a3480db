/** Ed25519 (RFC 8032): the browser's own where it has it, else one in JavaScript. */

import { verifyAsync } from "@noble/ed25519";

import type { Bytes } from "../bytes";

/** Whether this is the key's signature under the message; false for a key that is none. */
export async function verifyEd25519(
  publicKey: Bytes,
  message: Bytes,
  signature: Bytes,
): Promise<boolean> {
  const native = await importedKey(publicKey);
  if (native) return crypto.subtle.verify("Ed25519", native, signature, message);
  try {
    return await verifyAsync(signature, message, publicKey, { zip215: false });
  } catch {
    return false; // it throws for what is no key or no signature
  }
}

async function importedKey(publicKey: Bytes): Promise<CryptoKey | undefined> {
  try {
    return await crypto.subtle.importKey("raw", publicKey, "Ed25519", false, ["verify"]);
  } catch {
    return undefined; // an older browser, which does not know the algorithm
  }
}

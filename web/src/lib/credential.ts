/**
 * The credential: the issuer's blind signature over the voter's key, as RFC 9474 has it
 * (RSABSSA-SHA384-PSS-Deterministic).
 *
 * Message: "huimin/credential/v1" 00 edition-id 00 SHA-256(issuer SPKI DER) voter-key (65 bytes).
 * The library for it is loaded when it is needed: it is the largest part of the page.
 */

import { concat, sha256, utf8, type Bytes } from "./bytes";

/** What goes to the registrar, and the secret that turns its answer into the credential. */
export interface Blinded {
  readonly blindedMessage: Bytes;
  readonly inverse: Bytes;
}

/** The bytes that the issuer signs. */
export async function credentialMessage(
  edition: string,
  issuerSpki: Bytes,
  voterPoint: Bytes,
): Promise<Bytes> {
  if (voterPoint.length !== 65 || voterPoint[0] !== 4) throw new RangeError("not a voter's key");
  const issuer = await sha256(issuerSpki);
  return concat(utf8(`huimin/credential/v1\0${edition}\0`), issuer, voterPoint);
}

/** Blinds a message under the issuer's key (SPKI DER). */
export async function blind(issuerSpki: Bytes, message: Bytes): Promise<Blinded> {
  const suite = await loadSuite();
  const { blindedMsg, inv } = await suite.blind(await issuerKey(issuerSpki), suite.prepare(message));
  return { blindedMessage: blindedMsg as Bytes, inverse: inv as Bytes };
}

/** The credential (256 bytes), verified; throws `BadCredential` if the answer gives none. */
export async function unblind(
  issuerSpki: Bytes,
  message: Bytes,
  blindSignature: Bytes,
  inverse: Bytes,
): Promise<Bytes> {
  const suite = await loadSuite();
  const key = await issuerKey(issuerSpki);
  try {
    const prepared = suite.prepare(message);
    return (await suite.finalize(key, prepared, blindSignature, inverse)) as Bytes;
  } catch (error) {
    throw new BadCredential(`the registrar's answer gives no credential: ${String(error)}`);
  }
}

/** The registrar signed something else, or with another key. */
export class BadCredential extends Error {
  override name = "BadCredential";
}

/** Fetches the library ahead, so that a lost connection later does not matter. */
export async function loadSuite() {
  const { RSABSSA } = await import("@cloudflare/blindrsa-ts");
  return RSABSSA.SHA384.PSS.Deterministic();
}

function issuerKey(spki: Bytes): Promise<CryptoKey> {
  const algorithm = { name: "RSA-PSS", hash: "SHA-384" };
  return crypto.subtle.importKey("spki", spki, algorithm, true, ["verify"]);
}

/** The voter's key: ECDSA on P-256, made on this device. Public: 65-byte uncompressed point. */

import { fromBase64, toBase64, type Bytes } from "./bytes";

const P256 = { name: "ECDSA", namedCurve: "P-256" } as const;
const ECDSA_SHA256 = { name: "ECDSA", hash: "SHA-256" } as const;

/** A key as the device keeps it: scalar (32 bytes, big-endian, secret) and point (65 bytes). */
export interface VoterKey {
  readonly secret: Bytes;
  readonly point: Bytes;
}

export async function generateVoterKey(): Promise<VoterKey> {
  const pair = await crypto.subtle.generateKey(P256, true, ["sign"]);
  const { d, x, y } = await crypto.subtle.exportKey("jwk", pair.privateKey);
  const [secret, left, right] = [d, x, y].map((part) => fromBase64Url(part as string));
  return {
    secret: secret as Bytes,
    point: Uint8Array.of(4, ...(left as Bytes), ...(right as Bytes)),
  };
}

/** Signature over the message: raw r‖s, 64 bytes. Throws `DOMException` for a key that is none. */
export async function signWith(key: VoterKey, message: Bytes): Promise<Bytes> {
  const imported = await crypto.subtle.importKey("jwk", jwk(key), P256, false, ["sign"]);
  return new Uint8Array(await crypto.subtle.sign(ECDSA_SHA256, imported, message));
}

/** Whether this is the signature of the point's key under the message. */
export async function verifyWith(point: Bytes, message: Bytes, signature: Bytes): Promise<boolean> {
  const imported = await crypto.subtle.importKey("raw", point, P256, false, ["verify"]);
  return crypto.subtle.verify(ECDSA_SHA256, imported, signature, message);
}

function jwk(key: VoterKey): JsonWebKey {
  return {
    kty: "EC",
    crv: "P-256",
    d: toBase64Url(key.secret),
    x: toBase64Url(key.point.slice(1, 33)),
    y: toBase64Url(key.point.slice(33)),
  };
}

function fromBase64Url(text: string): Bytes {
  const standard = text.replace(/-/g, "+").replace(/_/g, "/");
  return fromBase64(standard.padEnd(Math.ceil(text.length / 4) * 4, "="));
}

function toBase64Url(bytes: Bytes): string {
  return toBase64(bytes).replace(/\+/g, "-").replace(/\//g, "_").replace(/=/g, "");
}

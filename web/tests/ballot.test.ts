import { describe, expect, it } from "vitest";

import { ballotMessage, commitmentOf, signBallot } from "../src/lib/ballot";
import { fromBase64, fromHex, toBase64, toHex, utf8 } from "../src/lib/bytes";
import { BadCredential, blind, credentialMessage, unblind } from "../src/lib/credential";
import { generateVoterKey, signWith, verifyWith } from "../src/lib/voterkey";
import { vectors, type WebVectors } from "./support";

const web = vectors<WebVectors>("web.json");
const key = { secret: fromBase64(web.ballot.secret), point: fromBase64(web.ballot.point) };

describe("a ballot", () => {
  it("has the commitment and the signed message that the services compute", async () => {
    const commitment = await commitmentOf(fromBase64(web.ballot.salt), web.ballot.choices);
    expect(toBase64(commitment)).toBe(web.ballot.commitment);
    const message = ballotMessage(web.edition, web.ballot.seq, commitment);
    expect(toBase64(message)).toBe(web.ballot.message);
  });

  it("is signed by the voter's key", async () => {
    const made = {
      credential: fromBase64(web.ballot.credential),
      seq: web.ballot.seq,
      choices: web.ballot.choices,
      salt: fromBase64(web.ballot.salt),
    };
    const ballot = await signBallot(key, web.edition, made);
    const message = fromBase64(web.ballot.message);
    expect(await verifyWith(key.point, message, fromBase64(ballot.signature))).toBe(true);
    expect(await verifyWith(key.point, message, fromBase64(web.ballot.signature))).toBe(true);
    expect({ ...ballot, signature: "" }).toEqual({
      key: web.ballot.point,
      credential: web.ballot.credential,
      seq: 1,
      choices: web.ballot.choices,
      salt: web.ballot.salt,
      commitment: web.ballot.commitment,
      signature: "",
    });
  });

  it("can be signed with a fresh key", async () => {
    const fresh = await generateVoterKey();
    expect([fresh.secret.length, fresh.point.length, fresh.point[0]]).toEqual([32, 65, 4]);
    const signature = await signWith(fresh, utf8("message"));
    expect(await verifyWith(fresh.point, utf8("message"), signature)).toBe(true);
    expect(await verifyWith(fresh.point, utf8("other"), signature)).toBe(false);
  });
});

interface Rfc9474 {
  readonly key: Readonly<Record<"n" | "e" | "d", string>>;
}

/** An issuer with the key of RFC 9474's test vectors, signing as `shared/` does. */
function issuer() {
  const { n, e, d } = vectors<Rfc9474>("rfc9474.json").key;
  const [modulus, exponent] = [BigInt(`0x${n}`), BigInt(`0x${d}`)];
  const bytes = n.length / 2;
  return {
    spki: () => spkiOf(n, e),
    sign: (blinded: Uint8Array) => {
      const signed = power(BigInt(`0x${toHex(blinded)}`), exponent, modulus);
      return fromHex(signed.toString(16).padStart(2 * bytes, "0"));
    },
  };
}

async function spkiOf(n: string, e: string) {
  const url = (hex: string) =>
    Buffer.from(fromHex(hex.length % 2 ? `0${hex}` : hex)).toString("base64url");
  const jwk = { kty: "RSA", n: url(n), e: url(e) };
  const imported = await crypto.subtle.importKey(
    "jwk",
    jwk,
    { name: "RSA-PSS", hash: "SHA-384" },
    true,
    ["verify"],
  );
  return new Uint8Array(await crypto.subtle.exportKey("spki", imported));
}

function power(base: bigint, exponent: bigint, modulus: bigint): bigint {
  let result = 1n;
  for (let square = base, rest = exponent; rest; rest >>= 1n, square = (square * square) % modulus) {
    if (rest & 1n) result = (result * square) % modulus;
  }
  return result;
}

describe("a credential", () => {
  it("is about the message that the services compute", async () => {
    const message = await credentialMessage(web.edition, fromBase64(web.issuer), key.point);
    expect(toBase64(message)).toBe(web.message);
  });

  it("comes of a blind signature, and verifies as an ordinary RSA-PSS one", async () => {
    const { spki, sign } = issuer();
    const der = await spki();
    const message = await credentialMessage(web.edition, der, key.point);
    const { blindedMessage, inverse } = await blind(der, message);
    const credential = await unblind(der, message, sign(blindedMessage), inverse);
    const algorithm = { name: "RSA-PSS", hash: "SHA-384" };
    const publicKey = await crypto.subtle.importKey("spki", der, algorithm, false, ["verify"]);
    const pss = { name: "RSA-PSS", saltLength: 48 };
    expect(await crypto.subtle.verify(pss, publicKey, credential, message)).toBe(true);
  });

  it("is refused when something else was signed", async () => {
    const { spki, sign } = issuer();
    const der = await spki();
    const message = await credentialMessage(web.edition, der, key.point);
    const { inverse } = await blind(der, message);
    const other = await blind(der, message);
    await expect(unblind(der, message, sign(other.blindedMessage), inverse)).rejects.toThrow(
      BadCredential,
    );
  });
});

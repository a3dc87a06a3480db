// Gets a credential with a blind-signature library that is not ours: @cloudflare/blindrsa-ts.
//
// Reads {registrar, ballot, edition, challenge, code} as JSON from standard input: base URLs, the
// edition, and a challenge with the code that came for it. Writes a voter's file to standard output.
// Keys and hashes are WebCrypto's, so that the same would run in a browser.

import { text } from "node:stream/consumers";
import { RSABSSA } from "@cloudflare/blindrsa-ts";

const { subtle } = globalThis.crypto;
const bytes = (base64) => new Uint8Array(Buffer.from(base64, "base64"));
const base64 = (data) => Buffer.from(data).toString("base64");

async function answer(response) {
  if (!response.ok) throw new Error(`${response.url}: ${response.status} ${await response.text()}`);
  return response.json();
}

// "huimin/credential/v1" 00 edition 00 SHA-256(issuer SPKI DER) voter key (65 bytes)
async function credentialMessage(edition, spki, voterKey) {
  const text = new TextEncoder().encode(`huimin/credential/v1\0${edition}\0`);
  const digest = new Uint8Array(await subtle.digest("SHA-256", spki));
  return new Uint8Array([...text, ...digest, ...voterKey]);
}

const { registrar, ballot, edition, challenge, code } = JSON.parse(await text(process.stdin));
const registration = await answer(await fetch(`${registrar}/v1/editions/${edition}/registration`));
const view = await answer(await fetch(`${ballot}/v1/editions/${edition}`));
if (registration.issuer_key !== view.roll.issuer_key) {
  throw new Error("the registrar's issuer key is not the one that the edition was committed to");
}

const spki = bytes(registration.issuer_key);
const algorithm = { name: "RSA-PSS", hash: "SHA-384" };
const issuer = await subtle.importKey("spki", spki, algorithm, true, ["verify"]);
const voter = await subtle.generateKey({ name: "ECDSA", namedCurve: "P-256" }, true, ["sign"]);
const voterKey = new Uint8Array(await subtle.exportKey("raw", voter.publicKey));

const suite = RSABSSA.SHA384.PSS.Deterministic();
const message = suite.prepare(await credentialMessage(edition, spki, voterKey));
const { blindedMsg, inv } = await suite.blind(issuer, message);
const { blind_signature } = await answer(
  await fetch(`${registrar}/v1/editions/${edition}/credentials`, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({
      person: { by: "phone", challenge, code },
      blinded_message: base64(blindedMsg),
    }),
  }),
);
const credential = await suite.finalize(issuer, message, bytes(blind_signature), inv);

const { d } = await subtle.exportKey("jwk", voter.privateKey);
const file = {
  format: "huimin/voter/v1",
  edition,
  vkey: view.vkey,
  key: base64(Buffer.from(d, "base64url")),
  credential: base64(credential),
};
process.stdout.write(`${JSON.stringify(file)}\n`);

import { beforeAll, describe, expect, it } from "vitest";

import { toBase64 } from "../../src/lib/bytes";
import { credentialMessage } from "../../src/lib/credential";
import { generateVoterKey } from "../../src/lib/voterkey";
import type { EditionView } from "../../src/lib/views";
import { cardText, readCard } from "../../src/vote/card";
import { newVoter, type Voter } from "../../src/vote/voter";
import { EDITION } from "./given";

let edition: EditionView;
let voter: Voter;

beforeAll(async () => {
  const pss = { name: "RSA-PSS", hash: "SHA-384" };
  const rsa = { ...pss, modulusLength: 2048, publicExponent: Uint8Array.of(1, 0, 1) };
  const issuer = await crypto.subtle.generateKey(rsa, true, ["sign", "verify"]);
  const spki = new Uint8Array(await crypto.subtle.exportKey("spki", issuer.publicKey));
  const roll = { size: 9, root: "", issuer_key: toBase64(spki), mode: "roll" } as const;
  edition = { ...EDITION, roll };
  const { secret, point } = await generateVoterKey();
  const message = await credentialMessage("ten", spki, point);
  const salted = { name: "RSA-PSS", saltLength: 48 };
  const signature = await crypto.subtle.sign(salted, issuer.privateKey, message);
  voter = {
    ...newVoter({
      edition: "ten",
      vkey: "vkey",
      key: toBase64(secret),
      point: toBase64(point),
      blinding: null,
      shuffle: 1,
    }),
    credential: toBase64(new Uint8Array(signature)),
    seq: 2,
    counted: ["lifts"],
  };
});

const changed = (change: object) => JSON.stringify({ ...JSON.parse(cardText(voter)), ...change });

describe("a recovery card", () => {
  it("makes the same voter of another device", async () => {
    const { key, credential, seq, place } = await readCard(cardText(voter), edition, 5);
    expect({ key, credential, seq, place }).toEqual({
      key: voter.key,
      credential: voter.credential,
      seq: 2,
      place: "select",
    });
  });

  it("does not say what was chosen", () => {
    expect(cardText(voter)).not.toContain("lifts");
  });

  it("fits into a QR code that is easily read", () => {
    expect(cardText(voter).length).toBeLessThan(800);
  });

  it.each([
    ["no text", "", "card-unreadable"],
    ["no JSON", "{", "card-unreadable"],
    ["null", "null", "card-unreadable"],
    ["another format", '{"format":"huimin/voter/v2"}', "card-unreadable"],
  ])("refuses what is none: %s", async (_, text, why) => {
    await expect(readCard(text, edition, 5)).rejects.toMatchObject({ why });
  });

  it.each([
    ["another edition", { edition: "nine" }, "card-of-another-edition"],
    ["another log", { vkey: "other" }, "card-of-another-edition"],
    ["a credential of nobody", { credential: toBase64(new Uint8Array(256)) }, "card-invalid"],
    ["another key", { key: toBase64(new Uint8Array(32).fill(1)) }, "card-invalid"],
    ["a key that is no base64", { key: "§" }, "card-invalid"],
    ["a seq that is no number", { seq: "1" }, "card-unreadable"],
  ])("refuses a card with %s", async (_, change, why) => {
    await expect(readCard(changed(change), edition, 5)).rejects.toMatchObject({ why });
  });
});

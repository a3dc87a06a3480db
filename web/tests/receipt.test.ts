import { describe, expect, it } from "vitest";

import { fromBase64, fromUtf8, toBase64, utf8 } from "../src/lib/bytes";
import { parseVkey } from "../src/lib/log/note";
import {
  compactReceipt,
  fitsShortCode,
  parseReceiptDigits,
  parseShortCode,
  receiptDigits,
  receiptLink,
  shortCode,
  verifyCompact,
} from "../src/lib/receiptcode";
import {
  BadReceipt,
  isBallot,
  originOf,
  parseReceipt,
  verifyBallotReceipt,
  verifyReceipt,
} from "../src/lib/receipt";
import type { Ballot, Receipt } from "../src/lib/views";
import { vectors, type WebVectors } from "./support";

const web = vectors<WebVectors>("web.json");
const verifier = await parseVkey(web.vkey);
const ballot: Ballot = { ...web.ballot, key: web.ballot.point };

/** The fault for which a receipt is refused. */
async function faultOf(receipt: Receipt): Promise<string> {
  const error: unknown = await verifyReceipt(receipt, verifier).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(BadReceipt);
  return (error as BadReceipt).fault;
}

function withEntry(change: (entry: string) => string): Receipt {
  const entry = change(fromUtf8(fromBase64(web.receipt.entry)));
  return { ...web.receipt, entry: toBase64(utf8(entry)) };
}

describe("a receipt", () => {
  it("is verified by the log's key alone", async () => {
    const proven = await verifyReceipt(parseReceipt(JSON.stringify(web.receipt)), verifier);
    expect(proven.index).toBe(web.receipt.index);
    expect(toBase64(proven.leaf)).toBe(web.leaf);
    expect(toBase64(proven.checkpoint.root)).toBe(web.root);
    expect(isBallot(proven.event) && proven.event.commitment).toBe(web.ballot.commitment);
    expect(originOf(web.receipt)).toBe(verifier.name);
  });

  it("is that of the very ballot which was sent", async () => {
    await verifyBallotReceipt(web.receipt, web.edition, ballot, verifier);
  });

  it.each([
    ["key", { key: toBase64(new Uint8Array(65)) }],
    ["seq", { seq: 2 }],
    ["commitment", { commitment: toBase64(new Uint8Array(32)) }],
    ["credential", { credential: "" }],
  ])("is refused for a ballot with another %s", async (_field, other) => {
    const sent = { ...ballot, ...other };
    await expect(verifyBallotReceipt(web.receipt, web.edition, sent, verifier)).rejects.toThrow(
      BadReceipt,
    );
  });

  it("is refused when its entry, proof, index or edition was changed", async () => {
    const { receipt } = web;
    expect(await faultOf(withEntry((entry) => entry.replace('"seq":1', '"seq":2')))).toBe("proof");
    expect(await faultOf({ ...receipt, index: receipt.index + 1 })).toBe("proof");
    expect(await faultOf({ ...receipt, edition: "other" })).toBe("edition");
    const longer = receipt.proof.replace(/\n294\n/, "\n295\n");
    expect(longer).not.toBe(receipt.proof);
    expect(await faultOf({ ...receipt, proof: longer })).toBe("signature");
    expect(await faultOf({ ...receipt, proof: "nothing" })).toBe("proof");
    expect(await faultOf({ ...receipt, entry: "?" })).toBe("proof");
  });

  it("is refused under another log's key", async () => {
    const other = { ...verifier, name: "elsewhere" };
    await expect(verifyReceipt(web.receipt, other)).rejects.toThrow(BadReceipt);
  });

  it.each(["", "{", "null", "[]", '{"edition":"x"}', '{"edition":"x","index":1.5,"entry":"","proof":""}'])(
    "is not %j",
    (text) => {
      expect(() => parseReceipt(text)).toThrow(BadReceipt);
    },
  );
});

describe("the digits of a receipt", () => {
  it("prove the same without the entry", async () => {
    const digits = receiptDigits(await compactReceipt(web.receipt, verifier));
    const compact = parseReceiptDigits(digits);
    expect(compact.edition).toBe(web.edition);
    const proven = await verifyCompact(compact, verifier);
    expect(toBase64(proven.leaf)).toBe(web.leaf);
    expect(fromUtf8(proven.note)).toBe(fromUtf8(fromBase64(web.files["checkpoint"] as string)));
  });

  it("stand at the end of a link", async () => {
    const compact = await compactReceipt(web.receipt, verifier);
    expect(receiptLink("https://vote.example", compact)).toMatch(/^https:\/\/vote.example\/check#r=\d+$/);
  });

  it("are refused when any one of them was changed", async () => {
    const digits = receiptDigits(await compactReceipt(web.receipt, verifier));
    for (let at = 0; at < digits.length; at += 37) {
      const digit = (Number(digits[at]) + 1) % 10;
      const changed = `${digits.slice(0, at)}${digit}${digits.slice(at + 1)}`;
      await expect(
        (async () => verifyCompact(parseReceiptDigits(changed), verifier))(),
      ).rejects.toThrow(BadReceipt);
    }
  });

  it("are refused with anything after the receipt", async () => {
    const digits = receiptDigits(await compactReceipt(web.receipt, verifier));
    expect(() => parseReceiptDigits((BigInt(digits) * 256n).toString())).toThrow(BadReceipt);
  });

  it.each(["", "0", "1", "12345678901234567890", "9".repeat(7090), "12a"])("are not %j", (text) => {
    expect(() => parseReceiptDigits(text)).toThrow(BadReceipt);
  });
});

describe("the short code of a receipt", () => {
  const leaf = fromBase64(web.leaf);
  const code = shortCode(web.receipt.index, leaf);

  it("names the entry and 60 bits of its hash", () => {
    expect(code).toMatch(/^11-[0-9A-HJKMNP-TV-Z]{4}-[0-9A-HJKMNP-TV-Z]{4}-[0-9A-HJKMNP-TV-Z]{4}$/);
    const parsed = parseShortCode(code);
    expect(parsed && fitsShortCode(parsed, leaf)).toBe(true);
  });

  it.each([
    (text: string) => text.toLowerCase(),
    (text: string) => ` ${text.replaceAll("-", " - ")} `,
    (text: string) => text.replaceAll("-", "\u2014"),
    (text: string) => text.replaceAll("0", "O").replaceAll("1", "l"),
    (text: string) => text.normalize("NFKC").replace(/[0-9]/g, (d) => String.fromCharCode(0xff10 + Number(d))),
  ])("is understood however it is typed", (typed) => {
    const [index, ...letters] = code.split("-") as [string, ...string[]];
    const parsed = parseShortCode(`${index}-${typed(letters.join("-")).trim()}`);
    expect(parsed && fitsShortCode(parsed, leaf)).toBe(true);
  });

  it("does not fit another entry", () => {
    const parsed = parseShortCode(`${code.slice(0, -1)}${code.endsWith("A") ? "B" : "A"}`);
    expect(parsed && fitsShortCode(parsed, leaf)).toBe(false);
  });

  it.each(["", "12", "12-ABC", "x-7K3M-9QPD-2XTA", "01-7K3M-9QPD-2XTA"])("is not %j", (text) => {
    expect(parseShortCode(text)).toBeUndefined();
  });
});

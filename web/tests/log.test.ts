import { describe, expect, it } from "vitest";

import { concat, equal, fromBase64, fromHex, toBase64, toHex, utf8, type Bytes } from "../src/lib/bytes";
import { openCheckpoint } from "../src/lib/log/checkpoint";
import { BadNote, BadProof } from "../src/lib/log/errors";
import { emptyRoot, leafHash, nodeHash, type Hash } from "../src/lib/log/merkle";
import { parseVkey, type Verifier } from "../src/lib/log/note";
import {
  consistencyProof,
  inclusionProof,
  rootAt,
  verifyConsistency,
  verifyInclusion,
  type NodeReader,
} from "../src/lib/log/proofs";
import { decodeBundle, tileNodes, tilePath } from "../src/lib/log/tiles";
import { decodeProof, encodeProof, verifyProof } from "../src/lib/log/tlogproof";
import { vectors, type TlogVectors, type WebVectors } from "./support";

const tlog = vectors<TlogVectors>("tlog.json");
const web = vectors<WebVectors>("web.json");
const leaves = await Promise.all(tlog.ct_leaves_hex.map((leaf) => leafHash(fromHex(leaf))));

/** Reads nodes of the tree over these leaves. */
function nodesOf(all: readonly Hash[]): NodeReader {
  const read: NodeReader = async (level, index) =>
    level === 0
      ? (all[index] as Hash)
      : nodeHash(await read(level - 1, 2 * index), await read(level - 1, 2 * index + 1));
  return read;
}

describe("the tree of RFC 6962", () => {
  it("has the roots of the test vectors at every size", async () => {
    for (const [size, root] of Object.entries(tlog.ct_roots)) {
      expect(toHex(await rootAt(Number(size), nodesOf(leaves)))).toBe(root);
    }
    expect(toHex(await emptyRoot())).toBe(tlog.ct_roots["0"]);
  });

  it("proves every leaf at every size, and nothing else", async () => {
    for (let size = 1; size <= leaves.length; size += 1) {
      const root = fromHex(tlog.ct_roots[size] as string);
      for (let index = 0; index < size; index += 1) {
        const leaf = leaves[index] as Hash;
        const path = await inclusionProof(index, size, nodesOf(leaves));
        await verifyInclusion(leaf, index, size, path, root);
        for (const bad of [path.slice(1), [...path, leaf], path.map(() => leaf)]) {
          if (bad.length === path.length && size === 1) continue;
          await expect(verifyInclusion(leaf, index, size, bad, root)).rejects.toThrow(BadProof);
        }
        const other = (index + 1) % size;
        if (other !== index) {
          await expect(verifyInclusion(leaf, other, size, path, root)).rejects.toThrow(BadProof);
        }
      }
    }
  });

  it("proves that every size continues every smaller one", async () => {
    for (let newer = 0; newer <= leaves.length; newer += 1) {
      for (let older = 0; older <= newer; older += 1) {
        const [before, after] = [older, newer].map((size) => fromHex(tlog.ct_roots[size] as string));
        const proof = await consistencyProof(older, newer, nodesOf(leaves));
        await verifyConsistency(older, before as Bytes, newer, after as Bytes, proof);
        const lie = fromHex("00".repeat(32));
        await expect(verifyConsistency(older, lie, newer, after as Bytes, proof)).rejects.toThrow(
          BadProof,
        );
      }
    }
  });

  it("refuses a smaller tree as the continuation of a larger one", async () => {
    const root = await emptyRoot();
    await expect(verifyConsistency(2, root, 1, root, [])).rejects.toThrow(BadProof);
  });
});

describe("notes and checkpoints", () => {
  it("opens a checkpoint that the key signed", async () => {
    const verifier = await parseVkey(tlog.log.vkey);
    const checkpoint = await openCheckpoint(utf8(tlog.checkpoint), verifier);
    expect(checkpoint.origin).toBe(tlog.log.name);
    expect(checkpoint.size).toBe(3);
    expect(toHex(checkpoint.root)).toBe(tlog.three.root3);
  });

  it("ignores the signatures of others, such as witnesses", async () => {
    const verifier = await parseVkey(tlog.log.vkey);
    await openCheckpoint(utf8(tlog.checkpoint + tlog.cosig_line), verifier);
  });

  it("ignores a signature under another key id of the same name", async () => {
    const verifier = await parseVkey(tlog.log.vkey);
    const other = `\u2014 ${tlog.log.name} ${toBase64(new Uint8Array(68))}\n`;
    await openCheckpoint(utf8(tlog.checkpoint + other), verifier);
  });

  it("refuses a checkpoint with a second signature of the key that is wrong", async () => {
    const verifier = await parseVkey(tlog.log.vkey);
    const wrong = toBase64(concat(verifier.keyId, new Uint8Array(64)));
    const note = `${tlog.checkpoint}\u2014 ${tlog.log.name} ${wrong}\n`;
    await expect(openCheckpoint(utf8(note), verifier)).rejects.toThrow("does not fit");
  });

  it("refuses base64 that is not the one spelling of its bytes", () => {
    expect(() => fromBase64("AB==")).toThrow("canonical");
    expect(() => fromBase64("AA")).toThrow("canonical");
  });

  it.each([
    ["another size", (note: string) => note.replace("\n3\n", "\n4\n")],
    ["a size with a leading zero", (note: string) => note.replace("\n3\n", "\n03\n")],
    ["no signature", (note: string) => note.replace(/\u2014.*\n/, "")],
    ["a signature cut short", (note: string) => note.trimEnd()],
    ["a control character", (note: string) => note.replace("\n3\n", "\n3\r\n")],
    ["another name", (note: string) => note.replace("\u2014 example", "\u2014 sample")],
  ])("refuses a checkpoint with %s", async (_what, change) => {
    const verifier = await parseVkey(tlog.log.vkey);
    await expect(openCheckpoint(utf8(change(tlog.checkpoint)), verifier)).rejects.toThrow(BadNote);
  });

  it("refuses a checkpoint of another key of the same name", async () => {
    const verifier = await parseVkey(tlog.log.vkey);
    const other: Verifier = { ...verifier, publicKey: fromHex("11".repeat(32)) };
    await expect(openCheckpoint(utf8(tlog.checkpoint), other)).rejects.toThrow(BadNote);
  });

  it("refuses a verifier key whose id is another's", async () => {
    await expect(parseVkey(tlog.log.vkey.replace("b716b39a", "b716b39b"))).rejects.toThrow();
  });
});

describe("tlog-proofs", () => {
  it("verifies the proof of the test vectors, and writes it as it was", async () => {
    const proof = decodeProof(tlog.proof);
    const verifier = await parseVkey(tlog.log.vkey);
    expect(encodeProof(proof)).toBe(tlog.proof);
    expect((await verifyProof(proof, await leafHash(utf8("two")), verifier)).size).toBe(3);
    const other = await leafHash(utf8("one"));
    await expect(verifyProof(proof, other, verifier)).rejects.toThrow(BadProof);
  });

  it.each(["", "c2sp.org/tlog-proof@v1\nindex 1\n", "c2sp.org/tlog-proof@v2\nindex 1\n\nx\n"])(
    "refuses %j",
    (text) => {
      expect(() => decodeProof(text)).toThrow(BadProof);
    },
  );
});

describe("tiles", () => {
  it("are called as the specification says", () => {
    for (const [key, path] of Object.entries(tlog.paths)) {
      const [kind, n, width] = key.slice(1, -1).split(", ") as [string, string, string];
      const named = kind === "'entries'" ? "entries" : Number(kind);
      expect(tilePath(named, Number(n), Number(width))).toBe(path);
    }
  });

  it("give the nodes for a proof over several of them", async () => {
    const verifier = await parseVkey(web.vkey);
    const file = (path: string) => Promise.resolve(fromBase64(web.files[path] as string));
    const { size, root } = await openCheckpoint(await file("checkpoint"), verifier);
    const nodes = tileNodes(size, file);
    expect(toBase64(await rootAt(size, nodes))).toBe(toBase64(root));
    for (const [older, earlier] of Object.entries(web.earlier)) {
      const proof = await consistencyProof(Number(older), size, nodes);
      await verifyConsistency(Number(older), fromBase64(earlier), size, root, proof);
    }
  });

  it("are refused when they are not as long as they must be", async () => {
    const nodes = tileNodes(300, () => Promise.resolve(new Uint8Array(31)));
    await expect(rootAt(300, nodes)).rejects.toThrow("has 31 bytes");
  });

  it("split a bundle into its records", () => {
    const records = decodeBundle(fromHex(tlog.three.bundle));
    expect(records.map((record) => record.length)).toEqual([3, 3, 0]);
    expect(equal(records[0] as Bytes, utf8("one"))).toBe(true);
    expect(() => decodeBundle(fromHex(tlog.three.bundle.slice(0, -6)))).toThrow();
  });
});

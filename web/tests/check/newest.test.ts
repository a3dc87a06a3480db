import "fake-indexeddb/auto";

import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

import { CannotRead, Contradicted, readNewest, type Seen } from "../../src/check/newest";
import { equal, fromBase64, fromUtf8, toBase64, utf8, type Bytes } from "../../src/lib/bytes";
import { recallLog, rememberLog } from "../../src/lib/knownlogs";
import { openCheckpoint } from "../../src/lib/log/checkpoint";
import { parseVkey } from "../../src/lib/log/note";
import { verifyConsistency } from "../../src/lib/log/proofs";
import { forget } from "../../src/lib/store";
import { testLog } from "../signing";
import { vectors, type WebVectors } from "../support";

const web = vectors<WebVectors>("web.json");
const ORIGIN = "vote.example/newest";
const { verifier, checkpoint } = await testLog(ORIGIN);
const SERVICES = { ballot: "http://ballot", registrar: "", tally: "" } as never;

/** The vectors' log, as if the tests' key had signed it at any of these sizes. */
const roots = new Map(Object.entries(web.earlier).map(([size, root]) => [Number(size), fromBase64(root)]));
const head = await openCheckpoint(bytes("checkpoint"), await parseVkey(web.vkey));
const newest = await seen(head.size, head.root);
const EARLIER = 100;

let answers: Record<string, Bytes>;
let meanwhile: () => Promise<void>;

beforeEach(async () => {
  await forget("logs", ORIGIN);
  answers = Object.fromEntries(Object.keys(web.files).map((path) => [path, bytes(path)]));
  answers["checkpoint"] = newest.note;
  meanwhile = async () => undefined;
  vi.stubGlobal("fetch", async (url: string) => {
    const path = url.replace(/^.*\/log\/[^/]*\//, "");
    if (path === "checkpoint") await meanwhile();
    return new Response(answers[path] ?? null, { status: answers[path] ? 200 : 404 });
  });
});

afterEach(() => void vi.unstubAllGlobals());

describe("the newest log", () => {
  it("continues what was seen, and is remembered", async () => {
    const before = await seen(EARLIER, rootOf(EARLIER));
    expect((await read(before)).checkpoint.size).toBe(294);
    expect((await recallLog(ORIGIN))?.checkpoint).toBe(fromUtf8(newest.note));
  });

  it("is not held against another tab's newer memory that came while it was read", async () => {
    const newer = await seen(295, new Uint8Array(32).fill(1));
    meanwhile = async () => void (await rememberLog(verifier, fromUtf8(newer.note)));
    expect((await read()).checkpoint.size).toBe(294);
    expect((await recallLog(ORIGIN))?.checkpoint).toBe(fromUtf8(newer.note));
  });

  it("is too old, and contradicts nothing, where more was seen before", async () => {
    const newer = await seen(295, new Uint8Array(32).fill(1));
    await expect(read(newer)).rejects.toMatchObject({ name: "CannotRead", why: "older" });
    await rememberLog(verifier, fromUtf8(newer.note));
    await expect(read()).rejects.toMatchObject({ name: "CannotRead", why: "older" });
  });

  it("contradicts another root that was signed at an earlier size, and the evidence shows it", async () => {
    const before = await seen(EARLIER, new Uint8Array(32).fill(1));
    const found = await read(before).catch((error: unknown) => error);
    if (!(found instanceof Contradicted)) throw found;
    expect(toBase64(found.root)).toBe(toBase64(rootOf(EARLIER)));
    expect(equal(found.root, found.before.checkpoint.root)).toBe(false);
    const { size, root } = found.now.checkpoint;
    await verifyConsistency(EARLIER, found.root, size, root, found.proof);
  });

  it("contradicts another root that was signed at the same size, without a tile", async () => {
    answers = { checkpoint: newest.note };
    const before = await seen(294, new Uint8Array(32).fill(1));
    await expect(read(before)).rejects.toThrow(Contradicted);
  });

  it("is only unusable where the tiles lead to no root that was signed", async () => {
    for (const path of Object.keys(answers)) {
      if (path.startsWith("tile/0")) answers[path] = new Uint8Array(answers[path]!.length);
    }
    const before = await seen(EARLIER, rootOf(EARLIER));
    await expect(read(before)).rejects.toMatchObject({ name: "CannotRead", why: "unusable" });
  });

  it("is unusable where the key did not sign it", async () => {
    answers["checkpoint"] = bytes("checkpoint");
    await expect(read()).rejects.toThrow(CannotRead);
  });
});

function read(inHand?: Seen) {
  return readNewest(SERVICES, "2027", verifier, inHand);
}

function bytes(path: string): Bytes {
  return fromBase64(web.files[path] as string);
}

function rootOf(size: number): Bytes {
  return roots.get(size) as Bytes;
}

async function seen(size: number, root: Bytes): Promise<Seen> {
  const note = utf8(await checkpoint(size, root));
  return { checkpoint: await openCheckpoint(note, verifier), note };
}

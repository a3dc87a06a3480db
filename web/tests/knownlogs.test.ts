import "fake-indexeddb/auto";

import { beforeEach, describe, expect, it } from "vitest";

import { toBase64 } from "../src/lib/bytes";
import {
  identifyLog,
  knowsAnyLog,
  pinKey,
  pinnedVerifier,
  recallLog,
  rememberLog,
  WrongLog,
} from "../src/lib/knownlogs";
import { BadKey, BadNote } from "../src/lib/log/errors";
import { makeVerifier, type Verifier } from "../src/lib/log/note";
import { forget } from "../src/lib/store";
import { testLog } from "./signing";

const ORIGIN = "vote.example/2027";
const { verifier, checkpoint } = await testLog(ORIGIN);
const root = (fill: number) => new Uint8Array(32).fill(fill);
const at = { 8: await checkpoint(8, root(8)), 9: await checkpoint(9, root(9)) };

function view(note: string, key: Verifier = verifier) {
  const log = { origin: key.name, key: toBase64(key.publicKey) };
  return { manifest: { log }, vkey: key.vkey, checkpoint: note };
}

beforeEach(() => forget("logs", ORIGIN));

describe("a log's key", () => {
  it("is pinned on first use, and held to afterwards", async () => {
    expect(await knowsAnyLog()).toBe(false);
    await identifyLog(view(at[8]));
    expect((await pinnedVerifier(ORIGIN))?.vkey).toBe(verifier.vkey);
    expect(await knowsAnyLog()).toBe(true);
    const other = await makeVerifier(ORIGIN, root(1));
    await expect(identifyLog(view(at[8], other))).rejects.toThrow("the key pinned for this log");
    await expect(rememberLog(other, at[8])).rejects.toThrow(BadNote);
  });

  it("may be known alone, and the checkpoint is remembered once it is seen", async () => {
    await pinKey(verifier.vkey);
    await pinKey(verifier.vkey);
    expect(await recallLog(ORIGIN)).toMatchObject({ vkey: verifier.vkey, checkpoint: undefined });
    await identifyLog(view(at[8]));
    await pinKey(verifier.vkey);
    expect((await recallLog(ORIGIN))?.checkpoint).toBe(at[8]);
  });

  it("is not pinned by what is no key", async () => {
    await expect(pinKey(`${ORIGIN}+00000000+AAAA`)).rejects.toThrow(BadKey);
  });

  it("must be the one that the manifest names", async () => {
    const other = await makeVerifier(ORIGIN, root(1));
    const mixed = { ...view(at[8]), vkey: other.vkey };
    await expect(identifyLog(mixed)).rejects.toThrow("and the manifest another");
  });
});

describe("a log's checkpoint", () => {
  it("must be signed by its key", async () => {
    const forged = at[8].replace("\n8\n", "\n7\n");
    await expect(identifyLog(view(forged))).rejects.toThrow(WrongLog);
    expect(await recallLog(ORIGIN)).toBeUndefined();
  });

  it("may be older than the one remembered, which stays", async () => {
    await rememberLog(verifier, at[9]);
    expect((await identifyLog(view(at[8]))).checkpoint.size).toBe(8);
    expect((await rememberLog(verifier, at[8])).checkpoint).toBe(at[9]);
    expect((await recallLog(ORIGIN))?.checkpoint).toBe(at[9]);
  });

  it("must be the same where it is as long", async () => {
    await rememberLog(verifier, at[9]);
    expect((await identifyLog(view(at[9]))).checkpoint.size).toBe(9);
    const another = await checkpoint(9, root(1));
    await expect(identifyLog(view(another))).rejects.toThrow("9 entries are not those");
  });

  it("is remembered when it is newer", async () => {
    await rememberLog(verifier, at[8]);
    const { since } = (await recallLog(ORIGIN)) ?? {};
    await rememberLog(verifier, at[9]);
    expect(await recallLog(ORIGIN)).toEqual({ vkey: verifier.vkey, checkpoint: at[9], since });
  });
});

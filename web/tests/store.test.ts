import "fake-indexeddb/auto";

import { describe, expect, it } from "vitest";

import { fromBase64, fromUtf8, toBase64 } from "../src/lib/bytes";
import { identifyLog, pinKey, pinnedVerifier, recallLog, rememberLog, WrongLog } from "../src/lib/knownlogs";
import { BadKey } from "../src/lib/log/errors";
import { makeVerifier, parseVkey } from "../src/lib/log/note";
import { forget, keys, load, save, update } from "../src/lib/store";
import { vectors, type WebVectors } from "./support";

const web = vectors<WebVectors>("web.json");
const verifier = await parseVkey(web.vkey);
const checkpoint = fromUtf8(fromBase64(web.files["checkpoint"] as string));
const view = {
  manifest: { log: { origin: verifier.name, key: toBase64(verifier.publicKey) } },
  vkey: web.vkey,
  checkpoint,
};

describe("the device's store", () => {
  it("keeps what was saved, until it is forgotten", async () => {
    await save("kept", "a", { bytes: Uint8Array.of(1, 2) });
    expect(await load("kept", "a")).toEqual({ bytes: Uint8Array.of(1, 2) });
    expect(await keys("kept")).toEqual(["a"]);
    await forget("kept", "a");
    expect(await load("kept", "a")).toBeUndefined();
  });

  it("lets two steps of change follow one another", async () => {
    const step = (value: number | undefined) => (value ?? 0) + 1;
    await Promise.all([update("kept", "n", step), update("kept", "n", step)]);
    expect(await load("kept", "n")).toBe(2);
  });

  it("leaves a value as it was when the change throws", async () => {
    await save("kept", "b", 1);
    const change = () => {
      throw new Error("no");
    };
    await expect(update("kept", "b", change)).rejects.toThrow("no");
    expect(await load("kept", "b")).toBe(1);
  });
});

describe("a log that is known", () => {
  it("is pinned on first use, and its key held to afterwards", async () => {
    await identifyLog(view);
    expect((await pinnedVerifier(verifier.name))?.vkey).toBe(web.vkey);
    const other = await makeVerifier(verifier.name, new Uint8Array(32).fill(1));
    const log = { origin: other.name, key: toBase64(other.publicKey) };
    const swapped = { ...view, manifest: { log }, vkey: other.vkey };
    await expect(identifyLog(swapped)).rejects.toThrow(WrongLog);
  });

  it("may be known by its key alone, and its checkpoint is remembered once it is seen", async () => {
    await forget("logs", verifier.name);
    await pinKey(web.vkey);
    await pinKey(web.vkey);
    expect(await recallLog(verifier.name)).toMatchObject({ vkey: web.vkey, checkpoint: undefined });
    await identifyLog(view);
    expect((await recallLog(verifier.name))?.checkpoint).toBe(view.checkpoint);
    await pinKey(web.vkey);
    expect((await recallLog(verifier.name))?.checkpoint).toBe(view.checkpoint);
  });

  it("is not pinned by what is no key", async () => {
    await expect(pinKey(`${verifier.name}+00000000+AAAA`)).rejects.toThrow(BadKey);
  });

  it("may not become shorter", async () => {
    await rememberLog(verifier, checkpoint);
    const known = await recallLog(verifier.name);
    expect(known?.checkpoint).toBe(checkpoint);
    const shorter = { ...view, checkpoint: web.checkpoint_293 };
    await expect(identifyLog(shorter)).rejects.toThrow("had 294 entries and now shows 293");
    expect((await rememberLog(verifier, web.checkpoint_293)).checkpoint).toBe(checkpoint);
  });
});

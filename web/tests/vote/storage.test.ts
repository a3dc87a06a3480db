import "fake-indexeddb/auto";

import { beforeEach, describe, expect, it } from "vitest";

import { keepsAnything, Overtaken, Storage } from "../../src/vote/storage";
import { COUNTED, PREPARED, WITH_CREDENTIAL } from "./given";

let edition: string;
let number = 0;

beforeEach(() => {
  edition = `edition-${(number += 1)}`;
});

describe("what a voter keeps", () => {
  it("is nothing at first", async () => {
    expect(await new Storage(edition).load()).toBeNull();
  });

  it("is there again in another tab", async () => {
    await new Storage(edition).save(PREPARED);
    expect(await new Storage(edition).load()).toMatchObject(PREPARED);
  });

  it("is not overwritten by a tab that does not know of it", async () => {
    const [one, other] = [new Storage(edition), new Storage(edition)];
    await one.load();
    await other.load();
    await one.save(WITH_CREDENTIAL);
    await expect(other.save(PREPARED)).rejects.toThrow(Overtaken);
    expect(await new Storage(edition).load()).toMatchObject(WITH_CREDENTIAL);
  });

  it("is saved step by step by the tab that knows of it", async () => {
    const storage = new Storage(edition);
    await storage.save(PREPARED);
    await storage.save(WITH_CREDENTIAL);
    expect(await new Storage(edition).load()).toMatchObject({ credential: "credential" });
  });

  it("is gone once it is forgotten", async () => {
    const storage = new Storage(edition);
    await storage.save(COUNTED);
    await storage.forget();
    expect(await new Storage(edition).load()).toBeNull();
  });
});

describe("people who share a device", () => {
  it("begin with nothing of each other's", async () => {
    const storage = new Storage(edition);
    await storage.save(COUNTED);
    await storage.setAside();
    expect(await new Storage(edition).load()).toBeNull();
  });

  it("find their records again", async () => {
    const storage = new Storage(edition);
    await storage.save(COUNTED);
    await storage.setAside();
    await storage.save({ ...PREPARED, point: "another" });
    const [first] = await storage.aside();
    await storage.setAside();
    await storage.save(first ?? PREPARED);
    expect(await new Storage(edition).load()).toMatchObject(COUNTED);
    expect((await storage.aside()).map((one) => one.point)).toEqual(["another"]);
  });

  it("lose nothing to a tab that does not know of it", async () => {
    const [one, other] = [new Storage(edition), new Storage(edition)];
    await one.load();
    await other.load();
    await one.save(COUNTED);
    await expect(other.setAside()).rejects.toThrow(Overtaken);
    expect(await new Storage(edition).load()).toMatchObject(COUNTED);
  });

  it("see none of another edition", async () => {
    const storage = new Storage(edition);
    await storage.save(COUNTED);
    await storage.setAside();
    expect(await new Storage("another").aside()).toEqual([]);
  });
});

describe("a device", () => {
  it("is asked whether it keeps anything", async () => {
    expect(await keepsAnything()).toBe(true);
  });
});

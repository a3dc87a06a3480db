import "fake-indexeddb/auto";

import { describe, expect, it } from "vitest";

import { forget, keys, load, save, update } from "../src/lib/store";

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

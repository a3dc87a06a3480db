import { describe, expect, it } from "vitest";

import { clockOff } from "../../src/board/clock";

const TOLD = "clock 2027-03-01T09:00:00.000+00:00";
const NINE = Date.parse("2027-03-01T09:00:00Z");
const HOUR = 3_600_000;

describe("a device's clock", () => {
  it("is off by what the tally's says, half way between question and answer", () => {
    expect(clockOff(TOLD, NINE + HOUR - 100, NINE + HOUR + 100)).toBe(-HOUR);
    expect(clockOff(TOLD, NINE - HOUR - 100, NINE - HOUR + 100)).toBe(HOUR);
  });

  it("is believed while it is not clearly wrong", () => {
    expect(clockOff(TOLD, NINE + 4_000, NINE + 4_100)).toBe(0);
    expect(clockOff(TOLD, NINE, NINE + 20_000)).toBe(0);
  });

  it("is not judged by an answer that lay in the buffers of a device that slept", () => {
    expect(clockOff(TOLD, NINE, NINE + HOUR)).toBeUndefined();
    expect(clockOff(TOLD, NINE, NINE - HOUR)).toBeUndefined();
  });

  it("is not judged by another comment", () => {
    expect(clockOff("still here", NINE, NINE)).toBeUndefined();
  });
});

import { describe, expect, it } from "vitest";

import { shortRoot, statedHead } from "../../src/board/checkpoint";
import { timeLeft } from "../../src/board/countdown";
import { toCsv } from "../../src/board/csv";

describe("time left", () => {
  it("is in days, hours, minutes and seconds", () => {
    const left = (((2 * 24 + 3) * 60 + 4) * 60 + 5) * 1000;
    expect(timeLeft(left, 0)).toEqual({ days: 2, hours: 3, minutes: 4, seconds: 5 });
  });

  it("is over at the time itself, and not before", () => {
    expect(timeLeft(1000, 999)).toEqual({ days: 0, hours: 0, minutes: 0, seconds: 1 });
    expect(timeLeft(1000, 1000)).toBeUndefined();
  });
});

describe("CSV", () => {
  it("quotes what must be quoted, and begins with a byte order mark", () => {
    expect(toCsv([["a,b", 'say "x"', 3]])).toBe('\ufeff"a,b","say ""x""",3\r\n');
  });

  it("hands spreadsheets no formula", () => {
    expect(toCsv([["=1+1", "@x"]])).toBe("\ufeff'=1+1,'@x\r\n");
  });
});

describe("the short form of a checkpoint", () => {
  const root = "q83vASNFZ4mrze8BI0VniavN7wEjRWeJq83vASNFZ4k=";

  it("is the beginning of its root in hex", () => {
    const head = statedHead(`vote.example/2027\n17\n${root}\n\n— x y\n`);
    expect(head?.size).toBe(17);
    expect(shortRoot(head?.root ?? "")).toBe("abcd ef01 2345");
  });

  it("is nothing before the first checkpoint", () => {
    expect(statedHead("")).toBeUndefined();
    expect(statedHead("x\n1\nno base64!\n")).toBeUndefined();
  });
});

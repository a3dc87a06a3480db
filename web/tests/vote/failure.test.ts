import { describe, expect, it, vi } from "vitest";

import { BadAnswer, CannotReach, Refused, type Problem } from "../../src/lib/http";
import { WrongLog } from "../../src/lib/knownlogs";
import { BadReceipt } from "../../src/lib/receipt";
import { failureOf, troubleOf } from "../../src/vote/failure";
import { WrongIssuer } from "../../src/vote/issuer";

function problem(slug: string, retry_after_s?: number): Problem {
  const texts = { title: "T", title_zh: "题", detail: "", next: "N", next_zh: "步" };
  const wait = retry_after_s === undefined ? {} : { retry_after_s };
  return { type: `urn:huimin:problem:${slug}`, status: 0, ...texts, ...wait };
}

describe("a request to the registrar", () => {
  it("that was refused says why, in both languages", () => {
    expect(failureOf(new Refused(403, problem("wrong-code")), true)).toEqual({
      slug: "wrong-code",
      text: { zh: "题。步。", en: "T. N." },
    });
  });

  it("that came too often says how long to wait", () => {
    expect(failureOf(new Refused(429, problem("too-many-requests", 90)), true).wait_s).toBe(90);
  });

  it("that was put off all the time says why", () => {
    const error = new CannotReach("", false, problem("code-delivery-failing"));
    expect(failureOf(error, true).slug).toBe("code-delivery-failing");
  });

  it.each([
    ["no answer", new CannotReach("", true), "unreachable"],
    ["an answer of somebody else's", new Refused(404, undefined), "unreachable"],
    ["an answer that is no JSON", new BadAnswer(""), "unreachable"],
    ["another issuer key", new WrongIssuer(""), "wrong-issuer"],
    ["another log", new WrongLog(""), "wrong-log"],
  ])("with %s", (_, error, slug) => {
    expect(failureOf(error, true).slug).toBe(slug);
  });

  it("without a connection says so", () => {
    expect(failureOf(new CannotReach("", true), false).slug).toBe("offline");
  });

  it("that failed by our own fault is reported, and leaves nobody waiting", () => {
    const report = vi.fn();
    vi.stubGlobal("reportError", report);
    expect(failureOf(new RangeError("ours"), true).slug).toBe("other");
    expect(report).toHaveBeenCalledOnce();
    vi.unstubAllGlobals();
  });
});

describe("a ballot without a receipt", () => {
  it.each([
    ["no answer", new CannotReach("", true), "unreachable"],
    ["a server that is busy", new CannotReach("", false, problem("overloaded")), "busy"],
    ["a page of a hotel's network", new Refused(403, undefined), "unreachable"],
    ["too many requests", new Refused(429, problem("too-many-requests", 20)), "busy"],
    ["a receipt that proves nothing", new BadReceipt("proof", ""), "unproven"],
  ])("is sent again after %s", (_, error, why) => {
    expect(troubleOf(error, true, 1)?.why).toBe(why);
  });

  it("waits as long as it is asked to", () => {
    const error = new Refused(429, problem("too-many-requests", 45));
    expect(troubleOf(error, true, 1)?.again_s).toBe(45);
  });

  it("waits as long as a busy server asks, whoever answers for it", () => {
    const pauses = [60, 3600].map((asked) => troubleOf(new CannotReach("", false, undefined, asked), true, 1));
    expect(pauses.map((one) => one?.again_s)).toEqual([60, 600]);
  });

  it("waits longer and longer, but not for ever", () => {
    const pauses = [1, 3, 20, 2000].map(
      (attempt) => troubleOf(new CannotReach("", true), true, attempt)?.again_s ?? 0,
    );
    expect(pauses).toEqual([...pauses].sort((a, b) => a - b));
    expect(pauses.at(-1)).toBeLessThanOrEqual(30);
  });

  it("is not sent again after a refusal", () => {
    expect(troubleOf(new Refused(409, problem("voting-closed")), true, 1)).toBeNull();
  });
});

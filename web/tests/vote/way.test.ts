import { describe, expect, it } from "vitest";

import type { Place, Voter } from "../../src/vote/voter";
import type { Event } from "../../src/vote/way";
import {
  ballot,
  CHALLENGE,
  COUNTED,
  EDITION,
  FACTS,
  PREPARED,
  RECEIPT,
  Walk,
  WITH_CREDENTIAL,
} from "./given";

const identified: Event = { type: "identified", request: { identity_number: "1" } };
const prepared: Event = { type: "prepared", voter: PREPARED };
const challenged: Event = { type: "challenged", challenge: CHALLENGE };
const codeTyped: Event = { type: "code-typed", code: "123456" };
const credential: Event = { type: "credential", credential: "credential" };
const chose = (...ids: string[]): Event[] => ids.map((id) => ({ type: "toggled", id }));
const went = (place: Place): Event => ({ type: "went", place });
const failed = (slug: string): Event => ({ type: "failed", failure: { slug } });

const BALLOT = ballot(["lifts", "parks"]);

const atCode = () => new Walk().on(identified, prepared, challenged);
const atReview = () => new Walk(WITH_CREDENTIAL).on(...chose("lifts", "parks"), went("review"));
/** The code is typed and the issuer's keys are compared: the credential is asked for. */
const redeem = (walk: Walk, typed: Event = codeTyped) =>
  walk.on(typed, { type: "prepared", voter: walk.way.voter ?? PREPARED });
const sending = () => atReview().on({ type: "cast" }, { type: "signed", ballot: BALLOT });

describe("identifying", () => {
  it("prepares the key before the registrar is asked for anything", () => {
    expect(new Walk().on(identified).done).toEqual(["prepare"]);
  });

  it("saves what was prepared before it asks for a code", () => {
    expect(new Walk().on(identified, prepared).done).toEqual(["save", "ask-code"]);
  });

  it("waits for the code once it is on its way", () => {
    expect(atCode().way.place).toBe("code");
  });

  it("keeps nothing that says who the voter is", () => {
    const { voter } = new Walk().on(identified, prepared, challenged).way;
    expect(JSON.stringify(voter)).not.toContain("identity_number");
  });

  it("does nothing for a second tap", () => {
    expect(new Walk().on(identified, identified).done).toEqual([]);
  });

  it("blinds nothing again for the code", () => {
    const walk = atCode().on(codeTyped);
    expect(walk.effects).toEqual([{ do: "prepare", voter: walk.way.voter }]);
  });

  it("sends the code once the issuer's keys were compared again", () => {
    const walk = redeem(atCode());
    expect(walk.done).toEqual(["save", "get-credential"]);
    expect(walk.effects[0]).toMatchObject({ voter: { redeeming: true } });
  });

  it("counts wrong codes, and says how many attempts are left", () => {
    expect(redeem(atCode()).on(failed("wrong-code")).way.notice).toEqual({
      slug: "wrong-code",
      left: 4,
    });
  });

  it("says that a code is void after its last attempt", () => {
    const walk = atCode();
    for (let attempt = 1; attempt <= 5; attempt += 1) redeem(walk).on(failed("wrong-code"));
    expect(walk.way.notice?.slug).toBe("code-used-up");
  });

  it("keeps how many attempts were used, for a tab that is opened again", () => {
    const { voter } = redeem(atCode()).on(failed("wrong-code")).way;
    expect(voter?.challenge?.wrong).toBe(1);
  });

  it("asks for another code without asking who it is again", () => {
    const walk = atCode().on({ type: "new-code-wanted" });
    walk.on({ type: "prepared", voter: walk.way.voter ?? PREPARED });
    expect(walk.effects.at(-1)).toEqual({ do: "ask-code", request: { identity_number: "1" } });
  });

  it("asks who it is again when that was forgotten with a closed tab", () => {
    const { voter } = atCode().way;
    expect(new Walk(voter).on({ type: "new-code-wanted" }).way.place).toBe("identify");
  });

  it("goes from the credential to the choice and forgets the way there", () => {
    const walk = redeem(atCode()).on(credential);
    expect(walk.way.place).toBe("select");
    expect(walk.way.voter).toMatchObject({ credential: "credential", blinding: null, challenge: null });
  });

  it("says while a puzzle is solved", () => {
    expect(new Walk().on(identified, prepared, { type: "puzzled" }).way.task?.doing).toBe("puzzling");
  });

  it("sends a counter code as soon as the key is prepared", () => {
    const person = { by: "counter", code: "A", identity_number: "1" } as const;
    const walk = new Walk().on({ type: "at-counter", person }, prepared);
    expect(walk.effects.at(-1)).toMatchObject({ do: "get-credential", person });
    expect(walk.done[0]).toBe("save");
  });

  it("stays where it is when the issuer's keys differ", () => {
    const walk = new Walk().on(identified, failed("wrong-issuer"));
    expect(walk.done).toEqual([]);
    expect(walk.way).toMatchObject({ place: "identify", task: null, voter: null });
  });
});

describe("an answer with a credential that is lost", () => {
  const another = { ...PREPARED, point: "another point" };
  const bIdentified: Event = { type: "identified", request: { identity_number: "2" } };
  const counter = (code: string): Event => ({ type: "at-counter", person: { by: "counter", code } });
  const lost = () => redeem(atCode()).on(failed("unreachable"));
  const bRedeems = () =>
    redeem(lost().on(went("identify"), bIdentified, { type: "prepared", voter: another }, challenged));

  it("is asked for again over the same key by the same code", () => {
    const walk = redeem(lost());
    expect(walk.effects.at(-1)).toMatchObject({ do: "get-credential", voter: { point: "point" } });
  });

  it("is asked for again over the same key by whom the page knows to be the same", () => {
    const walk = lost().on(went("identify"), identified);
    expect(walk.effects).toEqual([{ do: "prepare", voter: walk.way.voter }]);
    expect(walk.way.voter?.point).toBe("point");
  });

  it("leaves its key to nobody else: who says anew who they are gets another", () => {
    const walk = lost().on(went("identify"), bIdentified);
    expect(walk.effects).toEqual([
      { do: "save", voter: null, aside: true },
      { do: "prepare", voter: null },
    ]);
    expect(walk.way.aside).toMatchObject([{ point: "point", redeeming: true }]);
  });

  it("leaves its key to nobody else after the tab was opened again", () => {
    const walk = new Walk(lost().way.voter).on(went("identify"), identified);
    expect(walk.effects[0]).toEqual({ do: "save", voter: null, aside: true });
  });

  it("leaves its key to nobody else at a counter", () => {
    const walk = redeem(new Walk(), counter("A")).on(failed("unreachable"), counter("B"));
    expect(walk.effects[0]).toEqual({ do: "save", voter: null, aside: true });
    expect(redeem(new Walk(), counter("A")).on(failed("unreachable"), counter("A")).done).toEqual([
      "prepare",
    ]);
  });

  it("leaves its key to nobody's recovery card", () => {
    const card = { ...WITH_CREDENTIAL, point: "another point" };
    const walk = lost().on(went("identify"), went("import"), { type: "card-read", voter: card });
    expect(walk.effects).toMatchObject([{ do: "save", voter: { point: "another point" }, aside: true }]);
  });

  it("comes after all, to the person who turns out to have one already", () => {
    const walk = bRedeems().on(failed("credential-already-issued"));
    expect(walk.effects.at(-1)).toMatchObject({ do: "get-credential", voter: { point: "point" } });
    walk.on(credential);
    expect(walk.way).toMatchObject({ place: "select", voter: { point: "point" }, aside: [] });
    expect(walk.effects).toMatchObject([{ do: "save", voter: { point: "point" }, aside: false }]);
  });

  it("stays where it is for another person, who has one on another device", () => {
    const walk = bRedeems().on(failed("credential-already-issued"), failed("credential-already-issued"));
    expect(walk.way).toMatchObject({
      notice: { slug: "credential-already-issued" },
      voter: { point: "another point", redeeming: false },
      aside: [{ point: "point", redeeming: true }],
    });
  });

  it("is ruled out by a wrong code at the first attempt alone", () => {
    expect(redeem(atCode()).on(failed("wrong-code")).way.voter?.redeeming).toBe(false);
    expect(redeem(lost()).on(failed("wrong-code")).way.voter?.redeeming).toBe(true);
  });

  it("voids the code that somebody was sent before another came with one of a counter", () => {
    const walk = redeem(atCode().on(went("identify"), went("counter")), counter("B"));
    expect(walk.way.voter?.challenge).toBeNull();
  });
});

describe("somebody else on the same device", () => {
  const elsewise: Event = { type: "somebody-else" };

  it.each([
    ["at the code", () => atCode()],
    ["at the choice", () => new Walk(WITH_CREDENTIAL).on(...chose("lifts"))],
    ["at the review", () => atReview()],
    ["after the vote", () => new Walk(COUNTED)],
  ])("begins with nothing of the first one's, who may come back: %s", (_, first) => {
    const walk = first();
    const { voter, place } = walk.way;
    walk.on(elsewise);
    expect(walk.way).toMatchObject({ place: "identify", voter: null, asked: null });
    expect(walk.effects).toEqual([{ do: "save", voter: null, aside: true }]);
    walk.on({ type: "taken-up", point: voter?.point ?? "" });
    expect(walk.way).toMatchObject({ place, voter, aside: [] });
  });

  it("has a record of their own when the first one comes back", () => {
    const walk = new Walk(COUNTED).on(elsewise);
    const other = { ...WITH_CREDENTIAL, point: "another point" };
    walk.on({ type: "card-read", voter: other }, { type: "taken-up", point: "point" });
    expect(walk.way.aside).toMatchObject([{ point: "another point" }]);
    expect(walk.effects).toMatchObject([{ do: "save", voter: { point: "point" }, aside: true }]);
  });

  it("does not begin while a ballot is on its way", () => {
    expect(sending().on(elsewise).way.voter?.pending).toEqual(BALLOT);
  });
});

describe("a counter's slip", () => {
  const person = { by: "counter", code: "CODE" } as const;
  const withSlip = (voter: Voter | null) => new Walk(voter, FACTS, "CODE");

  it("leads to where its code is asked for", () => {
    expect(withSlip(null).way).toMatchObject({ place: "counter", slip: "CODE" });
  });

  it("waits where somebody else's vote was begun, for the next person", () => {
    const walk = withSlip(WITH_CREDENTIAL);
    expect(walk.way.place).toBe("select");
    expect(walk.on({ type: "somebody-else" }).way).toMatchObject({ place: "counter", slip: "CODE" });
  });

  it("is used up by the credential that it brings", () => {
    const walk = redeem(withSlip(null), { type: "at-counter", person }).on(credential);
    expect(walk.way).toMatchObject({ place: "select", slip: "" });
  });

  it("is nothing that is kept", () => {
    const walk = redeem(withSlip(null), { type: "at-counter", person });
    expect(JSON.stringify(walk.way.voter)).not.toContain("CODE");
  });
});

describe("choosing", () => {
  it("keeps every change", () => {
    const walk = new Walk(WITH_CREDENTIAL).on(...chose("lifts"));
    expect(walk.done).toEqual(["save"]);
    expect(walk.way.voter?.draft).toEqual(["lifts"]);
  });

  it("takes back what was chosen", () => {
    expect(new Walk(WITH_CREDENTIAL).on(...chose("lifts", "lifts")).way.voter?.draft).toEqual([]);
  });

  it("takes no more than the edition allows, and says so", () => {
    const { way } = new Walk(WITH_CREDENTIAL).on(...chose("lifts", "buses", "parks", "meals"));
    expect(way.voter?.draft).toEqual(["lifts", "buses", "parks"]);
    expect(way.notice?.slug).toBe("enough-chosen");
  });

  it("takes nothing that is not on the shortlist", () => {
    expect(new Walk(WITH_CREDENTIAL).on(...chose("moon")).way.voter?.draft).toEqual([]);
  });

  it("reviews no empty ballot", () => {
    expect(new Walk(WITH_CREDENTIAL).on(went("review")).way.place).toBe("select");
  });
});

describe("casting", () => {
  it("signs the draft with the next seq", () => {
    const walk = atReview().on({ type: "cast" });
    expect(walk.effects.at(-1)).toMatchObject({ do: "sign", choices: ["lifts", "parks"] });
  });

  it("signs one ballot for two taps", () => {
    expect(atReview().on({ type: "cast" }, { type: "cast" }).done).toEqual([]);
  });

  it("saves the ballot before it is sent", () => {
    expect(sending().effects).toEqual([
      expect.objectContaining({ do: "save", voter: expect.objectContaining({ pending: BALLOT }) }),
      { do: "send", ballot: BALLOT, after_s: 0 },
    ]);
  });

  it("is not counted before a verified receipt is there", () => {
    expect(sending().way.place).toBe("casting");
  });

  it("is counted with the receipt, which is kept", () => {
    const walk = sending().on({ type: "received", ballot: BALLOT, receipt: RECEIPT });
    expect(walk.way.place).toBe("counted");
    expect(walk.way.voter).toMatchObject({ seq: 1, pending: null, receipt: RECEIPT, draft: [] });
    expect(walk.done).toEqual(["save"]);
  });

  it("sends the same ballot again when there was no answer", () => {
    const trouble = { why: "unreachable", again_s: 2 } as const;
    const walk = sending().on({ type: "not-received", ballot: BALLOT, trouble });
    expect(walk.effects).toEqual([{ do: "send", ballot: BALLOT, after_s: 2 }]);
  });

  it("counts the attempts", () => {
    const again: Event[] = [
      { type: "not-received", ballot: BALLOT, trouble: { why: "busy", again_s: 2 } },
      { type: "under-way", ballot: BALLOT },
    ];
    expect(sending().on(...again, ...again).way.task).toMatchObject({ attempt: 3 });
  });

  it("says what was the matter until there is an answer", () => {
    const trouble = { why: "busy", again_s: 2 } as const;
    const walk = sending().on({ type: "not-received", ballot: BALLOT, trouble }, { type: "send-now" });
    expect(walk.way.task).toMatchObject({ trouble: { why: "busy", again_s: 0 } });
  });

  it("sends once for two taps on \"again\"", () => {
    const trouble = { why: "busy", again_s: 2 } as const;
    const walk = sending().on({ type: "not-received", ballot: BALLOT, trouble });
    expect(walk.on({ type: "send-now" }, { type: "send-now" }).done).toEqual([]);
  });

  it("sends at once when the voter asks, without making another ballot", () => {
    const trouble = { why: "offline", again_s: 30 } as const;
    const walk = sending().on({ type: "not-received", ballot: BALLOT, trouble }, { type: "send-now" });
    expect(walk.effects).toEqual([{ do: "send", ballot: BALLOT, after_s: 0 }]);
  });

  it("sends a pending ballot unchanged when the tab is opened again", () => {
    const walk = new Walk(sending().way.voter);
    expect(walk.way.place).toBe("casting");
    expect(walk.effects).toEqual([{ do: "send", ballot: BALLOT, after_s: 0 }]);
  });

  it("keeps the ballot when voting has closed, for it may be in the log", () => {
    const walk = sending().on({ type: "refused", ballot: BALLOT, failure: { slug: "voting-closed" } });
    expect(walk.way.voter?.pending).toEqual(BALLOT);
    expect(walk.way).toMatchObject({ place: "casting", notice: { slug: "voting-closed" } });
  });

  it("goes back to the review when a ballot was refused for good", () => {
    const walk = sending().on({ type: "refused", ballot: BALLOT, failure: { slug: "bad-credential" } });
    expect(walk.way).toMatchObject({ place: "review", voter: { pending: null, seq: 0 } });
  });

  it("goes back to the review when the ballot cannot be signed", () => {
    expect(atReview().on({ type: "cast" }, failed("other")).way).toMatchObject({
      place: "review",
      task: null,
    });
  });

  it("overtakes another device's ballots in a few attempts", () => {
    const seqs: number[] = [];
    const walk = atReview();
    for (let seq = 1; seqs.length < 5; seq = (walk.way.voter?.seq ?? 0) + 1) {
      const stale = ballot(["lifts", "parks"], seq);
      walk.on({ type: "cast" }, { type: "signed", ballot: stale });
      walk.on({ type: "refused", ballot: stale, failure: { slug: "stale-seq" } });
      seqs.push(seq);
    }
    expect(seqs).toEqual([1, 2, 4, 8, 16]);
  });

  it("leaves the answer to a ballot of before without effect", () => {
    const other = ballot(["meals"]);
    expect(sending().on({ type: "received", ballot: other, receipt: RECEIPT }).way.place).toBe("casting");
  });
});

describe("changing one's mind", () => {
  it("begins with what was chosen last", () => {
    const { way } = new Walk(COUNTED).on({ type: "change-mind" });
    expect(way).toMatchObject({ place: "select", voter: { draft: ["lifts"], receipt: RECEIPT } });
  });

  it("keeps the last receipt until the next ballot is counted", () => {
    const next = ballot(["lifts", "parks"], 2);
    const walk = new Walk(COUNTED).on({ type: "change-mind" }, ...chose("parks"), went("review"));
    walk.on({ type: "cast" }, { type: "signed", ballot: next });
    expect(walk.way.voter?.receipt).toEqual(RECEIPT);
  });

  it("is not possible once voting has closed", () => {
    const facts = { ...FACTS, edition: { ...EDITION, phase: "closed" as const } };
    expect(new Walk(COUNTED, facts).on({ type: "change-mind" }).way.place).toBe("counted");
  });
});

describe("a ballot that came too late", () => {
  const late: Event = { type: "refused", ballot: BALLOT, failure: { slug: "voting-closed" } };

  it("gives way to the one that counts", () => {
    const walk = new Walk({ ...COUNTED, pending: BALLOT }).on(late, { type: "given-up" });
    expect(walk.way).toMatchObject({ place: "counted", voter: { pending: null, receipt: RECEIPT } });
  });

  it("is kept where there is no other", () => {
    expect(sending().on(late, { type: "given-up" }).way.voter?.pending).toEqual(BALLOT);
  });

  it("is not given up while it is on its way", () => {
    const walk = new Walk({ ...COUNTED, pending: BALLOT }).on({ type: "given-up" });
    expect(walk.way.voter?.pending).toEqual(BALLOT);
  });
});

describe("back", () => {
  it("leads from the review to the choice", () => {
    expect(atReview().on(went("select")).way.place).toBe("select");
  });

  it("leads from the code to who one is", () => {
    expect(atCode().on(went("identify")).way.place).toBe("identify");
  });

  it("does not lead behind the credential", () => {
    expect(new Walk(WITH_CREDENTIAL).on(went("code")).way.place).toBe("select");
  });

  it("does not lead away from a ballot on its way", () => {
    expect(sending().on(went("review")).way.place).toBe("casting");
  });

  it("does not lead from a counted vote to a button that casts", () => {
    const walk = sending().on({ type: "received", ballot: BALLOT, receipt: RECEIPT });
    expect(walk.on(went("review")).way.place).toBe("counted");
  });

  it("does not interrupt what is under way", () => {
    expect(new Walk().on(identified, went("counter")).way.place).toBe("identify");
  });
});

describe("a tab that is opened again", () => {
  it.each([
    ["nothing was kept", null, "identify"],
    ["a code is on its way", { ...PREPARED, challenge: { ...CHALLENGE, wrong: 0 }, place: "code" }, "code"],
    ["the key was prepared", PREPARED, "identify"],
    ["the credential is there", WITH_CREDENTIAL, "select"],
    ["some were chosen", { ...WITH_CREDENTIAL, draft: ["lifts"] }, "select"],
    ["the choice was reviewed", { ...WITH_CREDENTIAL, draft: ["lifts"], place: "review" }, "review"],
    ["a ballot is on its way", { ...WITH_CREDENTIAL, pending: BALLOT }, "casting"],
    ["the vote is counted", COUNTED, "counted"],
    ["another choice was begun", { ...COUNTED, draft: ["meals"], place: "select" }, "select"],
    ["the card was looked at", { ...COUNTED, place: "card" }, "counted"],
  ] as const)("goes on where it was: %s", (_, voter, place) => {
    expect(new Walk(voter).way.place).toBe(place);
  });
});

describe("two tabs", () => {
  it("stops the one whose place was taken", () => {
    const walk = atReview().on({ type: "taken-over" }, { type: "cast" });
    expect(walk.done).toEqual([]);
    expect(walk.way.elsewhere).toBe(true);
  });
});

describe("a recovery card", () => {
  it("takes the place of a device without a credential", () => {
    const walk = new Walk().on({ type: "card-read", voter: { ...WITH_CREDENTIAL, seq: 3 } });
    expect(walk.way).toMatchObject({ place: "select", voter: { seq: 3 } });
    expect(walk.done).toEqual(["save"]);
  });

  it("never replaces a credential", () => {
    const walk = new Walk(COUNTED).on({ type: "card-read", voter: WITH_CREDENTIAL });
    expect(walk.way.voter).toEqual(COUNTED);
  });
});

describe("a device that cannot save", () => {
  it("says so and sends nothing by itself", () => {
    const walk = new Walk().on(identified, { type: "not-saved" });
    expect(walk.way).toMatchObject({ unsaved: true, task: null, notice: { slug: "not-saved" } });
  });
});

/** An edition, and voters at points of their way, for the machine's tests. */

import type { Ballot, EditionView, Initiative, Receipt } from "../../src/lib/views";
import { newVoter, type Voter } from "../../src/vote/voter";
import { begin, step, type Effect, type Event, type Facts, type Way } from "../../src/vote/way";

function initiative(id: string, department: string): Initiative {
  return {
    id,
    title: { zh: `事项 ${id}`, en: `Initiative ${id}` },
    summary: { zh: `为民办实事 ${id}`, en: `Something for the people ${id}` },
    department: { zh: department, en: `Department of ${department}` },
  };
}

export const INITIATIVES = ["lifts", "buses", "parks", "clinics", "meals"].map((id, i) =>
  initiative(id, i % 2 ? "公安局" : "教育局"),
);

export const EDITION: EditionView = {
  edition: "ten",
  phase: "open",
  manifest: {
    title: { zh: "惠民十大行动", en: "Ten actions" },
    disclosure: "live",
    officers: [],
    log: { origin: "vote.example/ten", key: "" },
    seats: 2,
    max_choices: 3,
    min_choices: 1,
    opens_at: null,
    closes_at: null,
    demonstration: false,
  },
  initiatives: INITIATIVES,
  roll: null,
  issued: null,
  milestone_size: 4,
  size: 4,
  checkpoint: "",
  log: "/log/ten",
  vkey: "vkey",
};

export const FACTS: Facts = { edition: EDITION, registration: null };

export const PREPARED = newVoter({
  edition: "ten",
  vkey: "vkey",
  key: "key",
  point: "point",
  blinding: { issuer_key: "issuer", blinded_message: "blinded", inverse: "inverse" },
  shuffle: 7,
});

export const CHALLENGE = { challenge: "c", expires_in_s: 300, attempts: 5, code_digits: 6 };
export const RECEIPT: Receipt = { edition: "ten", index: 4, entry: "entry", proof: "proof" };

/** A ballot of the voter; another salt makes another signature. */
export function ballot(choices: readonly string[], seq = 1, salt = "salt"): Ballot {
  const signature = `signature of ${seq} ${choices.join(" ")} ${salt}`;
  const rest = { key: "point", credential: "credential", commitment: "commitment" };
  return { ...rest, seq, choices, salt, signature };
}

export const WITH_CREDENTIAL: Voter = {
  ...PREPARED,
  blinding: null,
  credential: "credential",
  place: "select",
};

export const COUNTED: Voter = {
  ...WITH_CREDENTIAL,
  seq: 1,
  receipt: RECEIPT,
  counted: ["lifts"],
  place: "counted",
};

/** A way under test: takes events, and remembers what was to be done after the last one. */
export class Walk {
  way: Way;
  effects: readonly Effect[];

  constructor(voter: Voter | null = null, facts: Facts = FACTS, slip = "") {
    [this.way, this.effects] = begin({ facts, voter, aside: [], slip });
  }

  on(...events: readonly Event[]): this {
    for (const event of events) [this.way, this.effects] = step(this.way, event);
    return this;
  }

  /** What was to be done, by name. */
  get done(): string[] {
    return this.effects.map((effect) => effect.do);
  }
}

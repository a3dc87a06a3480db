/**
 * Casting: the ballot is saved, sent, and sent again unchanged until it is acknowledged or refused.
 *
 * Sending the same ballot again is harmless: it counts once and has one receipt.
 */

import type { Ballot } from "../lib/views";
import { allowed } from "./places";
import { afterRefusal, withReceipt } from "./voter";
import type { Event, Failure, Step, Trouble, Way } from "./way";

type Casting = Extract<
  Event,
  { type: "cast" | "signed" | "under-way" | "received" | "not-received" | "refused" | "send-now" | "given-up" }
>;

const FIRST = { doing: "sending", attempt: 1, trouble: null } as const;

export function castingStep(way: Way, event: Casting): Step {
  switch (event.type) {
    case "cast":
      return cast(way);
    case "signed":
      return signed(way, event.ballot);
    case "under-way":
      return isPending(way, event.ballot) ? underWay(way) : [way, []];
    case "send-now":
      return sendNow(way);
    case "given-up":
      return givenUp(way);
    case "received": {
      if (!way.voter || !isPending(way, event.ballot)) return [way, []];
      const voter = withReceipt(way.voter, event.ballot, event.receipt);
      return [{ ...way, voter, task: null, place: "counted", notice: null }, []];
    }
    case "not-received":
      return isPending(way, event.ballot) ? again(way, event.ballot, event.trouble) : [way, []];
    case "refused":
      return isPending(way, event.ballot) ? refused(way, event.ballot, event.failure) : [way, []];
  }
}

function cast(way: Way): Step {
  const { voter } = way;
  if (!voter || way.task || way.place !== "review" || !allowed(way, "review")) return [way, []];
  return [
    { ...way, task: { doing: "signing" }, place: "casting", notice: null },
    [{ do: "sign", voter, choices: voter.draft }],
  ];
}

function signed(way: Way, ballot: Ballot): Step {
  if (!way.voter || way.task?.doing !== "signing") return [way, []];
  return [
    {
      ...way,
      voter: { ...way.voter, pending: ballot },
      task: FIRST,
    },
    [{ do: "send", ballot, after_s: 0 }],
  ];
}

/** The pause is over; what was the matter stays in view until there is an answer. */
function underWay(way: Way): Step {
  if (way.task?.doing !== "sending" || !way.task.trouble) return [way, []];
  return [{ ...way, task: { ...way.task, trouble: { ...way.task.trouble, again_s: 0 } } }, []];
}

function again(way: Way, ballot: Ballot, trouble: Trouble): Step {
  const attempt = way.task?.doing === "sending" ? way.task.attempt + 1 : 1;
  return [
    { ...way, place: "casting", task: { doing: "sending", attempt, trouble } },
    [{ do: "send", ballot, after_s: trouble.again_s }],
  ];
}

function sendNow(way: Way): Step {
  const ballot = way.voter?.pending;
  const { task } = way;
  const waiting = task === null || (task.doing === "sending" && Boolean(task.trouble?.again_s));
  if (!ballot || !waiting) return [way, []];
  const sending = task?.doing === "sending" ? task : FIRST;
  const [next] = underWay({ ...way, place: "casting", task: sending, notice: null });
  return [next, [{ do: "send", ballot, after_s: 0 }]];
}

function refused(way: Way, ballot: Ballot, failure: Failure): Step {
  if (!way.voter) return [way, []];
  const voter = afterRefusal(way.voter, ballot, failure.slug);
  const place = voter.pending ? "casting" : "review";
  return [{ ...way, voter, task: null, place, notice: failure }, []];
}

/** A ballot that came too late is forgotten, where an earlier one counts and is to be seen. */
function givenUp(way: Way): Step {
  if (!way.voter?.receipt || way.notice?.slug !== "voting-closed") return [way, []];
  const voter = { ...way.voter, pending: null, draft: [] };
  return [{ ...way, voter, place: "counted", notice: null }, []];
}

function isPending(way: Way, ballot: Ballot): boolean {
  return way.voter?.pending?.signature === ballot.signature;
}

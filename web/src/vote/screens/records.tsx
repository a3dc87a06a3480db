/** Several people, one device: each has a record of their own, one at a time is open. */

import { useEffect, useState } from "preact/hooks";

import { fromBase64 } from "../../lib/bytes";
import { useTexts } from "../../lib/i18n";
import { leafHash } from "../../lib/log/merkle";
import { shortCode } from "../../lib/receiptcode";
import { useVote } from "../context";
import { texts } from "../texts";
import type { Voter } from "../voter";
import { stepAt } from "./steps";

/** Sets the present record aside and begins for another person. */
export function useNextPerson(): () => void {
  const { dispatch } = useVote();
  return () => dispatch({ type: "somebody-else" });
}

/** For whoever takes up the phone and finds a vote of somebody else's begun. */
export function SomebodyElse() {
  const t = useTexts(texts).identify;
  return (
    <button type="button" class="button quiet somebody-else" onClick={useNextPerson()}>
      {t.somebodyElse}
    </button>
  );
}

/** The records of others, to open one again. */
export function Records() {
  const t = useTexts(texts).identify;
  const { way, dispatch } = useVote();
  const { aside } = way;
  if (aside.length === 0) return null;
  return (
    <details class="details card">
      <summary>{t.aside(aside.length)}</summary>
      <ul class="records">
        {aside.map((one) => (
          <li key={one.point} class="row">
            <HowFar voter={one} />
            <button
              type="button"
              class="button"
              onClick={() => dispatch({ type: "taken-up", point: one.point })}
            >
              {t.takeUp}
            </button>
          </li>
        ))}
      </ul>
    </details>
  );
}

/** By its receipt code or its step, as nothing here says whose a record is. */
function HowFar({ voter }: { readonly voter: Voter }) {
  const t = useTexts(texts);
  const [code, set] = useState("");
  const { receipt } = voter;
  useEffect(() => {
    if (receipt) void leafHash(fromBase64(receipt.entry)).then((leaf) => set(shortCode(receipt.index, leaf)));
  }, [receipt]);
  if (receipt) return <span class="mono">{code}</span>;
  return <span>{`${t.notCounted} · ${t.steps[stepAt(voter.place, false)]}`}</span>;
}

/** Several people, one device: each has a record of their own, one at a time is open. */

import { useEffect, useState } from "preact/hooks";

import { fromBase64 } from "../../lib/bytes";
import { useTexts } from "../../lib/i18n";
import { leafHash } from "../../lib/log/merkle";
import { shortCode } from "../../lib/receiptcode";
import { useVote } from "../context";
import type { Aside } from "../storage";
import { texts } from "../texts";

/** Sets the present record aside and begins for another person. */
export function useNextPerson(): () => void {
  const { storage, restart } = useVote();
  return () => void storage?.setAside().then(restart);
}

/** The records of others, to open one again. */
export function Records() {
  const t = useTexts(texts).identify;
  const { aside, storage, restart } = useVote();
  if (aside.length === 0 || !storage) return null;
  const takeUp = (one: Aside) => void storage.takeUp(one.key).then(restart);
  return (
    <details class="details card">
      <summary>{t.aside(aside.length)}</summary>
      <ul class="records">
        {aside.map((one) => (
          <li key={one.key} class="row">
            <ReceiptCode aside={one} />
            <button type="button" class="button" onClick={() => takeUp(one)}>
              {t.takeUp}
            </button>
          </li>
        ))}
      </ul>
    </details>
  );
}

/** By its receipt code, as nothing here says whose a record is. */
function ReceiptCode({ aside }: { readonly aside: Aside }) {
  const t = useTexts(texts);
  const [code, set] = useState("");
  const { receipt } = aside.voter;
  useEffect(() => {
    if (receipt) void leafHash(fromBase64(receipt.entry)).then((leaf) => set(shortCode(receipt.index, leaf)));
  }, [receipt]);
  return <span class="mono">{receipt ? code : t.notCounted}</span>;
}

/** The receipt: a code to keep, a QR code that holds the proof, a file, a print. */

import { useEffect, useState } from "preact/hooks";

import { formatTime, inLanguage, useLanguage, useTexts } from "../../lib/i18n";
import { parseVkey } from "../../lib/log/note";
import { verifyOwnReceipt } from "../../lib/receipt";
import { compactReceipt, receiptLink, shortCode } from "../../lib/receiptcode";
import type { Receipt } from "../../lib/views";
import { CopyButton } from "../../ui/parts";
import { Qr } from "../../ui/qr";
import { useVote } from "../context";
import { texts } from "../texts";
import type { Voter } from "../voter";

/** The log says no more about the time, lest it link a person to a ballot. */
const HOUR: Intl.DateTimeFormatOptions = {
  year: "numeric",
  month: "long",
  day: "numeric",
  hour: "2-digit",
};

/** What is shown of a receipt that was verified here and now. */
export interface Shown {
  readonly code: string;
  readonly link: string;
  readonly hour: string;
}

/** The receipt once it is verified; undefined before that; null when it fails. */
export function useVerified(): Shown | null | undefined {
  const { services, way } = useVote();
  const receipt = way.voter?.receipt;
  const [shown, set] = useState<Shown | null | undefined>();
  useEffect(() => {
    let stale = false;
    const site = services.ballot || location.origin;
    const verified = way.voter && receipt ? verify(way.voter, receipt, site) : null;
    Promise.resolve(verified).then(
      (next) => stale || set(next),
      () => stale || set(null),
    );
    return () => {
      stale = true;
    };
  }, [receipt]);
  return shown;
}

async function verify(voter: Voter, receipt: Receipt, site: string): Promise<Shown> {
  const verifier = await parseVkey(voter.vkey);
  const own = { key: voter.point, credential: voter.credential, seq: voter.seq };
  const { event, index, leaf } = await verifyOwnReceipt(receipt, voter.edition, own, verifier);
  return {
    code: shortCode(index, leaf),
    link: receiptLink(site, await compactReceipt(receipt, verifier)),
    hour: event.hour,
  };
}

interface Props {
  readonly receipt: Receipt;
  readonly shown: Shown;
}

export function ReceiptCard({ receipt, shown }: Props) {
  const t = useTexts(texts);
  const language = useLanguage();
  const { way } = useVote();
  const { manifest } = way.facts.edition;
  const live = manifest.disclosure === "live" || way.facts.edition.phase !== "open";
  return (
    <section class="card stack receipt printed" aria-labelledby="receipt-title">
      <h2 id="receipt-title">{t.done.receipt}</h2>
      <p>{inLanguage(manifest.title, language)}</p>
      <div>
        <p class="small muted">{t.done.code}</p>
        <p class="receipt-code mono">{shown.code}</p>
        <p class="small muted number">{shown.hour && formatTime(shown.hour, HOUR)}</p>
      </div>
      <p>{t.done.codeWhy}</p>
      <Qr text={shown.link} label={t.done.qr} />
      <p class="small">{t.done.keepToYourself(live)}</p>
      <div class="buttons no-print">
        <button type="button" class="button" onClick={() => print()}>
          {t.done.print}
        </button>
        <button
          type="button"
          class="button"
          onClick={() => saveFile(fileName(receipt), JSON.stringify(receipt))}
        >
          {t.done.download}
        </button>
        <CopyButton text={shown.code} label={t.done.copy} />
        <a class="button" href={shown.link}>
          {t.done.check}
        </a>
      </div>
    </section>
  );
}

/** Offers a text as a file, without asking any server. */
export function saveFile(name: string, text: string): void {
  const url = URL.createObjectURL(new Blob([text], { type: "application/json" }));
  const link = document.createElement("a");
  link.href = url;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}

function fileName(receipt: Receipt): string {
  return `huimin-receipt-${receipt.edition}-${receipt.index}.json`;
}

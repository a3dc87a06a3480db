/** Step 5: the vote is counted, and the page has verified it. What to keep; what else one may do. */

import { useState } from "preact/hooks";

import { formatTime, useTexts } from "../../lib/i18n";
import { Busy, Notice, StepHeading } from "../../ui/parts";
import { links, useVote } from "../context";
import { texts } from "../texts";
import { Records, useNextPerson } from "./records";
import { ReceiptCard, useVerified } from "./receipt";
import { Chosen } from "./review";
import { Subscribe } from "./subscribe";
import { Told } from "./told";

export function Counted() {
  const t = useTexts(texts);
  const { way } = useVote();
  const { voter } = way;
  const receipt = voter?.receipt ?? null;
  const shown = useVerified();
  if (!voter || !receipt || shown === undefined) return <Busy>{t.casting.verified}</Busy>;
  if (shown === null) {
    return (
      <section class="stack-large">
        <StepHeading>{t.casting.unproven}</StepHeading>
        <Notice kind="bad" urgent>
          <p>{t.casting.unprovenWhy}</p>
        </Notice>
      </section>
    );
  }
  return (
    <section class="stack-large">
      <div class="success no-print">
        <svg class="tick" viewBox="0 0 48 48" aria-hidden="true">
          <circle cx="24" cy="24" r="22" />
          <path d="M14 25l7 7 14-15" />
        </svg>
        <StepHeading>{t.done.title}</StepHeading>
        <p>{t.done.lead}</p>
        <ul class="ticks">
          <li>{t.done.checkedEntry}</li>
          <li>{t.done.checkedProof}</li>
          <li>{t.done.checkedSignature}</li>
        </ul>
      </div>
      {way.unsaved ? <SaveNow /> : <Told />}
      <ReceiptCard receipt={receipt} shown={shown} />
      <ChangeMind />
      {!way.unsaved && <Keep />}
      <Subscribe />
      <Others />
    </section>
  );
}

function ChangeMind() {
  const all = useTexts(texts);
  const t = all.done;
  const { way, dispatch, services } = useVote();
  const { edition } = way.facts;
  const open = edition.phase === "open";
  const closes = edition.manifest.closes_at;
  const counted = way.voter?.counted ?? [];
  return (
    <section class="card stack no-print">
      <h2>{open ? t.lastCounts : t.closed}</h2>
      {open && closes && <p>{t.until(formatTime(closes))}</p>}
      {counted.length > 0 && (
        <details class="details">
          <summary>{t.choices(counted.length)}</summary>
          <p class="small muted">{t.choicesHide}</p>
          <Chosen ids={counted} />
        </details>
      )}
      <div class="buttons">
        {open && (
          <button type="button" class="button" onClick={() => dispatch({ type: "change-mind" })}>
            {t.change}
          </button>
        )}
        <a class="button" href={links(services, edition.edition).board}>
          {open ? t.board : all.halt.toBoard}
        </a>
      </div>
    </section>
  );
}

/** Nothing of this outlives the page: what is not saved by hand is lost. */
function SaveNow() {
  const t = useTexts(texts).done;
  const open = useVote().way.facts.edition.phase === "open";
  return (
    <Notice kind="warn" title={open ? t.saveNow : t.saveReceiptNow} urgent>
      <p>{open ? t.saveNowWhy : t.saveReceiptNowWhy}</p>
      {open && <ShowCard />}
    </Notice>
  );
}

function Keep() {
  const t = useTexts(texts).done;
  if (useVote().way.facts.edition.phase !== "open") return null;
  return (
    <section class="card stack no-print">
      <h2>{t.keep}</h2>
      <p>{t.keepWhy}</p>
      <ShowCard />
    </section>
  );
}

function ShowCard() {
  const t = useTexts(texts).done;
  const { dispatch } = useVote();
  return (
    <button
      type="button"
      class="button block"
      onClick={() => dispatch({ type: "went", place: "card" })}
    >
      {t.showCard}
    </button>
  );
}

function Others() {
  const t = useTexts(texts).done;
  const { way, storage } = useVote();
  const next = useNextPerson();
  if (!storage) return null;
  return (
    <section class="card stack no-print">
      {way.facts.edition.phase === "open" && !way.unsaved && (
        <>
          <h2>{t.others}</h2>
          <p>{t.othersWhy}</p>
          <button type="button" class="button block" onClick={next}>
            {t.nextPerson}
          </button>
        </>
      )}
      <Records />
      <Forget />
    </section>
  );
}

function Forget() {
  const t = useTexts(texts).done;
  const { storage, restart } = useVote();
  const [sure, ask] = useState(false);
  const forget = async () => {
    await storage?.forget();
    restart();
  };
  if (!sure) {
    return (
      <button type="button" class="button quiet block" onClick={() => ask(true)}>
        {t.forget}
      </button>
    );
  }
  return (
    <Notice kind="warn" urgent>
      <p>{t.forgetWhy}</p>
      <div class="buttons">
        <button type="button" class="button" onClick={() => void forget()}>
          {t.forgetYes}
        </button>
        <button type="button" class="button" onClick={() => ask(false)}>
          {t.forgetNo}
        </button>
      </div>
    </Notice>
  );
}

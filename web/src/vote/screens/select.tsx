/** Step 3: choosing from the shortlist. */

import { useEffect, useId, useMemo, useRef, useState } from "preact/hooks";

import { inLanguage, useLanguage, useTexts } from "../../lib/i18n";
import type { Initiative } from "../../lib/views";
import { announce } from "../../ui/live";
import { StepHeading } from "../../ui/parts";
import { useVote } from "../context";
import { found, shuffled } from "../order";
import { texts } from "../texts";
import { Finder, type Finding } from "./finder";
import { Told } from "./told";

const ALL: Finding = { words: "", department: "", published: false, onlyChosen: false };

export function Select() {
  const t = useTexts(texts).select;
  const { way, back } = useVote();
  const all = useTexts(texts);
  const { edition } = way.facts;
  const [finding, find] = useState(ALL);
  const draft = way.voter?.draft ?? [];
  const own = useMemo(
    () => shuffled(edition.initiatives, way.voter?.shuffle ?? 0),
    [edition.initiatives, way.voter?.shuffle],
  );
  const shown = found(finding.published ? edition.initiatives : own, finding).filter(
    (one) => !finding.onlyChosen || draft.includes(one.id),
  );
  const again = Boolean(way.voter?.receipt);
  return (
    <section class="stack-large">
      <StepHeading>{again ? t.titleAgain : t.title}</StepHeading>
      {way.notice && way.notice.slug !== "enough-chosen" && <Told />}
      <Finder finding={finding} onFind={find} />
      <p class={shown.length < own.length ? "small muted" : "visually-hidden"} role="status">
        {t.shown(shown.length, own.length)}
      </p>
      {shown.length === 0 && (
        <p class="row">
          {t.nothing}
          <button type="button" class="button" onClick={() => find({ ...ALL, published: finding.published })}>
            {t.showAll}
          </button>
        </p>
      )}
      <ul class="choices">
        {shown.map((one) => (
          <Choice key={one.id} initiative={one} chosen={draft.includes(one.id)} />
        ))}
      </ul>
      {again && (
        <button type="button" class="button quiet block" onClick={() => back("counted")}>
          {all.back}
        </button>
      )}
      <Bar />
    </section>
  );
}

function Choice({ initiative, chosen }: { readonly initiative: Initiative; readonly chosen: boolean }) {
  const t = useTexts(texts).select;
  const shown = useLanguage();
  const { way, dispatch } = useVote();
  const most = way.facts.edition.manifest.max_choices;
  const count = way.voter?.draft.length ?? 0;
  const box = useRef<HTMLInputElement>(null);
  const [open, unfold] = useState(false);
  const id = useId();
  const title = inLanguage(initiative.title, shown);
  const toggle = () => {
    const full = !chosen && count >= most;
    dispatch({ type: "toggled", id: initiative.id });
    // The box shows what is kept, also where that did not change and nothing is drawn again.
    if (box.current) box.current.checked = !chosen && !full;
    const next = chosen ? count - 1 : count + 1;
    if (full) announce(t.full(most));
    else announce(chosen ? t.removed(title, next, most) : t.added(title, next, most));
  };
  return (
    <li class={chosen ? "choice chosen" : "choice"}>
      <label>
        <input ref={box} type="checkbox" checked={chosen} onChange={toggle} />
        <span>
          <span class="choice-title">{title}</span>
          <span class="muted small">{inLanguage(initiative.department, shown)}</span>
        </span>
      </label>
      <button
        type="button"
        class="button quiet more"
        aria-expanded={open}
        aria-controls={id}
        onClick={() => unfold(!open)}
      >
        {t.details}
        <span class="visually-hidden">{`: ${title}`}</span>
      </button>
      <p id={id} hidden={!open}>
        {inLanguage(initiative.summary, shown)}
      </p>
    </li>
  );
}

/** Always in view: how many are chosen, and the way on. */
function Bar() {
  const t = useTexts(texts).select;
  const { way, dispatch } = useVote();
  const { max_choices: most, min_choices: least } = way.facts.edition.manifest;
  const count = way.voter?.draft.length ?? 0;
  const full = way.notice?.slug === "enough-chosen";
  useEffect(() => {
    if (!full) return undefined;
    const timer = setTimeout(() => dispatch({ type: "notice-read" }), 6000);
    return () => clearTimeout(timer);
  }, [way.notice]);
  return (
    <div class="chosen-bar">
      {full && <p class="full">{t.full(most)}</p>}
      <div class="chosen-bar-row">
        <p class="chosen-count number">
          <strong>{t.chosen(count, most)}</strong>
          {count < least && <span class="small">{t.atLeast(least)}</span>}
        </p>
        <button
          type="button"
          class="button primary large"
          aria-disabled={count < least}
          onClick={() => count < least || dispatch({ type: "went", place: "review" })}
        >
          {t.next}
        </button>
      </div>
    </div>
  );
}
